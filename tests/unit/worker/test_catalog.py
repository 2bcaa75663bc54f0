"""`worker catalog`: the document, and the page made of it."""

import ast
import builtins
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from schemas import outcomes
from tests.sample.aggregates import ORDER
from tests.support.component import settings
from tests.support.project import ROOT
from worker.catalog.codes import FAILURES
from worker.catalog.document import document
from worker.catalog.page import page
from worker.catalog.page.snippets import snippets, subscribing
from worker.cli import cli
from worker.composition import compose

COMPONENT = compose(settings(), [ORDER])
DOCUMENT = document(COMPONENT, "1.2.0")
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
OPERATIONS: dict[str, Any] = DOCUMENT["operations"]
COMMANDS = [name for name in MESSAGES if name in OPERATIONS]
EVENTS = [name for name in MESSAGES if name not in OPERATIONS]
PAGE = page(DOCUMENT)


def test_every_message_of_the_component_is_there():
    assert sorted(COMMANDS) == COMPONENT.codec.command_types()
    assert len(EVENTS) == len(ORDER.handler.events) + len(outcomes.SCHEMAS)
    assert DOCUMENT["channels"]["commands"]["messages"].keys() == set(COMMANDS)
    assert DOCUMENT["channels"]["events"]["messages"].keys() == set(EVENTS)


def test_every_reference_leads_somewhere():
    references = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(DOCUMENT))
    assert references
    for reference in references:
        place: Any = DOCUMENT
        for step in reference.split("/"):
            place = place[step]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_command_are_accepted(name):
    codec = COMPONENT.codec
    assert MESSAGES[name]["examples"]
    for example in MESSAGES[name]["examples"]:
        assert codec.decode(name, codec.normal(name, example["payload"]))


@pytest.mark.parametrize("name", MESSAGES)
def test_the_examples_are_as_the_schemas_say(name):
    for example in MESSAGES[name]["examples"]:
        for part in ("headers", "payload"):
            errors = Draft7Validator(MESSAGES[name][part]).iter_errors(example[part])
            assert [error.message for error in errors] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_may_end_in_the_events_of_its_aggregate_a_rejection_or_a_failure(name):
    references = [ref["$ref"] for ref in OPERATIONS[name]["reply"]["messages"]]
    may_be = {reference.rpartition("/")[2] for reference in references}
    assert may_be == set(EVENTS)  # there is one aggregate


def test_the_codes_of_a_rejection_are_those_that_its_aggregate_can_raise():
    def codes(name: str) -> set[str]:
        return {one["code"] for one in MESSAGES[name]["x-rejections"]}

    assert codes("order.Place") == {"not-found", "already-exists", "too-much", "no-such-line"}


def test_the_codes_of_failures_are_those_of_the_wire_format():
    rows = (ROOT / "docs" / "wire-format.md").read_text().splitlines()
    named = [row.split("|")[1] for row in rows if "| `CommandFailed`" in row]
    assert named
    assert [f"`{code}`" for code in FAILURES] == [cell.strip() for cell in named]


def test_headers_that_are_kept_are_on_commands_and_events():
    given = settings(correlation_headers=("tenant",))
    messages = document(compose(given, [ORDER]), "1")["components"]["messages"]
    for message in messages.values():
        assert "tenant" in message["headers"]["properties"]
        assert "user-id" not in message["headers"]["properties"]


def test_what_happens_on_failure_is_as_the_settings_say():
    given = settings(max_attempts=3, retry_delays=(1.0, 2.5, 9.0), command_queue="q")
    operation = document(compose(given, [ORDER]), "1")["operations"]["order.Place"]
    assert operation["x-retry"]["maxAttempts"] == 3
    assert operation["x-retry"]["delays"] == ["PT1S", "PT2.5S"]  # there is no fourth attempt
    assert operation["x-dead-letter"]["x-backstop"]["queue"] == "q.dead"


def test_the_command_prints_the_document(monkeypatch):
    monkeypatch.setenv("AGGREGATES", "tests.sample.aggregates")
    monkeypatch.setenv("COMPONENT_NAME", "shop")
    printed = CliRunner().invoke(cli, ["catalog", "--release", "1.2.0"])
    assert printed.exit_code == 0
    told = json.loads(printed.output)
    assert told["info"] == {**DOCUMENT["info"], "title": "shop"}
    assert told["channels"]["commands"]["address"] == "shop.commands"
    assert told["components"]["messages"].keys() >= MESSAGES.keys()


@pytest.mark.parametrize("missing", ["apispec", "jinja2"])
def test_without_the_extra_one_sentence_says_how_to_have_it(monkeypatch, missing):
    real = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name.startswith("worker.catalog"):
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    printed = CliRunner().invoke(cli, ["catalog"])
    assert printed.exit_code == 1
    assert f"The catalogue needs {missing}, which is not installed" in printed.output
    assert ".[catalog]" in printed.output


class Tags(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.feed(PAGE)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "srcset", "action", "data", "poster"):
                self.addresses.append(value or "")


def test_the_page_asks_for_nothing_from_outside():
    assert all(address.startswith(("#", "data:")) for address in Tags().addresses)
    assert "@import" not in PAGE
    assert not re.search(r"url\((?!#)|fetch\(|XMLHttpRequest", PAGE)
    assert "default-src 'none'" in PAGE  # the browser sees to it, too


def test_every_link_of_the_page_leads_to_one_place():
    tags = Tags()
    assert len(tags.ids) == len(set(tags.ids))
    assert {a[1:] for a in tags.addresses if a.startswith("#")} <= set(tags.ids)
    assert set(tags.ids) >= MESSAGES.keys()


def test_the_page_shows_each_field_and_code():
    for message in MESSAGES.values():
        for field in message["payload"]["properties"]:
            assert f"<code>{field}</code>" in PAGE
    for code in ("too-much", "no-such-line", "command-id-reused"):
        assert f"<code>{code}</code>" in PAGE


def test_what_authors_write_is_no_html():
    strange = json.loads(json.dumps(DOCUMENT).replace("too-much", "<b>&too"))
    assert "<b>&too" not in page(strange)
    assert "&lt;b&gt;&amp;too" in page(strange)


def test_the_programs_in_python_are_python():
    made = [snippet for name in COMMANDS for snippet in snippets(MESSAGES[name], "q")]
    programs = [s.code for s in (*made, *subscribing(DOCUMENT)) if s.language == "Python"]
    assert len(programs) == len(COMMANDS) + 1
    for program in programs:
        ast.parse(program)
