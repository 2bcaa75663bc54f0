"""The page for people, made of the AsyncAPI document and of nothing else."""

import re
from base64 import b64encode
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from worker.catalog.page.colours import coloured
from worker.catalog.page.rows import rows
from worker.catalog.page.snippets import snippets, subscribing
from worker.runtime.showing import json_text

__all__ = ["page"]

Said = dict[str, Any]


def page(document: Said, home: str = "#main") -> str:
    """Return one HTML page that asks for nothing from outside; its name leads `home`."""
    templates = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=templates,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        coloured=coloured, rows=rows, json=_json, prose=_prose, general=_general
    )
    groups = [_Group(name, document) for name in _names_of_groups(document)]
    return environment.get_template("page.html").render(
        document=document,
        home=home,
        info=document["info"],
        channels=document["channels"],
        queue=document["channels"]["commands"]["address"],
        exchange=document["channels"]["events"]["address"],
        groups=groups,
        subscribing=subscribing(document),
        download=b64encode(json_text(document, indent=2).encode()).decode(),
    )


class _Group:
    """The messages of one aggregate, or those that any command may end in."""

    def __init__(self, name: str, document: Said) -> None:
        self.name = name
        operations = document["operations"]
        messages = document["components"]["messages"]
        ours = {key: m for key, m in messages.items() if m["tags"][0]["name"] == name}
        self.commands = [
            {
                "key": key,
                "said": message,
                "operation": operations[key],
                "outcomes": [_key(ref) for ref in operations[key]["reply"]["messages"]],
                "snippets": snippets(message, document["channels"]["commands"]["address"]),
            }
            for key, message in ours.items()
            if key in operations
        ]
        self.events = [
            {"key": key, "said": message} for key, message in ours.items() if key not in operations
        ]


def _names_of_groups(document: Said) -> list[str]:
    names = [message["tags"][0]["name"] for message in document["components"]["messages"].values()]
    return sorted(dict.fromkeys(names), key="outcomes".__eq__)  # those of all aggregates come last


def _key(reference: Said) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name


def _prose(text: str) -> Markup:
    """Return what an author wrote, with his backticks as code."""
    words = re.split("`([^`]+)`", text)
    code = Markup("<code>{}</code>")
    return Markup().join(
        code.format(word) if place % 2 else word for place, word in enumerate(words)
    )


def _general(said: Said) -> Said:
    """Return what is said of all messages, where it is said of one: it names no type."""
    named = {name: {"type": "string", "description": text} for name, text in _NAMES.items()}
    fields = said["properties"].items()
    return {**said, "properties": {name: named.get(name, field) for name, field in fields}}


_NAMES = {"type": "The public name.", "aggregate-type": "What such an aggregate is called."}


def _json(value: Any) -> str:
    return json_text(value, indent=2)
