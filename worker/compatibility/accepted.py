"""Changes that were made knowing who breaks: each with a reason, and until when."""

import tomllib
from datetime import date
from pathlib import Path
from typing import NamedTuple

from worker.compatibility.rules import RULES
from worker.exceptions import ContractError


class Accepted(NamedTuple):
    """An exception: this rule, at this place, until that day."""

    rule: str
    where: str
    reason: str
    until: date


def read_accepted(path: Path) -> list[Accepted]:
    """Return the exceptions; none where there is no file. Raises `ContractError`."""
    if not path.is_file():
        return []
    try:
        content = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"{path} is not TOML: {error}.") from error
    return [_accepted(path, entry) for entry in content.get("accepted", [])]


def _accepted(path: Path, entry: dict[str, object]) -> Accepted:
    fields: dict[str, type] = Accepted.__annotations__
    for name, kind in fields.items():
        if not isinstance(entry.get(name), kind) or not entry[name]:
            meant = "a date such as 2030-01-31" if kind is date else "text"
            raise ContractError(
                f"{path}: an exception has a rule, a where, a reason and an until, and in"
                f" {entry} {name} is not {meant}."
            )
    if entry["rule"] not in RULES:
        raise ContractError(f"{path}: no rule is named {entry['rule']}; docs/changes.md has all.")
    return Accepted(**{name: entry[name] for name in fields})  # type: ignore[arg-type]
