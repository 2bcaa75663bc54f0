"""`worker catalog check`: whom a change of the messages breaks."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from domain.messages import Command
from persistence.database import Database
from tests.sample.things import THING
from tests.support.component import component, settings
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.catalog.document import document
from worker.cli import cli
from worker.compatibility.waiting import unreadable
from worker.composition import compose
from worker.consumer.processor import Processor
from worker.exceptions import ContractError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that has released the messages of things; the names are those of its queues."""
    for name, value in (("COMPONENT_NAME", "tests"), ("MAX_MESSAGE_BYTES", "10000")):
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contract").mkdir()
    return tmp_path


def release(folder: Path, name: str = "1.json") -> Path:
    path = folder / "contract" / name
    path.write_text(json.dumps(document(compose(settings(), [THING]), "1")))
    return path


def check(monkeypatch: pytest.MonkeyPatch, aggregates: str, *arguments: str) -> Result:
    monkeypatch.setenv("AGGREGATES", aggregates)
    return CliRunner().invoke(cli, ["catalog", "check", *arguments])


def test_without_a_change_all_is_well(folder, monkeypatch):
    release(folder)
    result = check(monkeypatch, "tests.sample.things")
    assert (result.exit_code, result.output) == (0, "The messages fit what was released: 1.json.\n")


def test_a_breaking_change_fails_with_a_sentence_that_says_who_breaks(folder, monkeypatch):
    release(folder)
    result = check(monkeypatch, "tests.sample.broken_versions")
    assert result.exit_code == 1
    assert (
        "error: thing.UpdateValue version 1, field value: A field of a command is gone. Senders"
        " that still send the field are refused, since unknown fields are."
    ) in result.stderr
    assert "error: thing.Updated version 1, field value: A field of an event is gone." in (
        result.stderr
    )


def test_the_same_change_passes_as_a_new_version_with_an_upcaster(folder, monkeypatch):
    release(folder)
    result = check(monkeypatch, "tests.sample.versions")
    assert result.exit_code == 0
    assert "info: thing.UpdateValue version 2: A command has a new version." in result.output


def test_only_the_files_that_are_named_are_compared(folder, monkeypatch):
    release(folder)
    other = folder / "other.json"
    release(folder, "2.json").rename(other)
    result = check(monkeypatch, "tests.sample.broken_versions", str(other))
    assert "Since other.json." in result.stderr
    assert "1.json" not in result.stderr


def test_a_project_without_a_released_contract_is_told_how_to_record_one(folder, monkeypatch):
    result = check(monkeypatch, "tests.sample.things")
    assert result.exit_code == 0
    assert "worker catalog --release 1.0.0 > contract/1.0.0.json" in result.output


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"asyncapi": "2.6.0"}', '{"asyncapi": 3}'])
def test_a_file_that_is_no_contract_is_named(folder, monkeypatch, content):
    (folder / "contract" / "1.json").write_text(content)
    error = check(monkeypatch, "tests.sample.things").exception
    assert isinstance(error, ContractError)
    assert str(error) == (
        "contract/1.json is no AsyncAPI 3 document that `worker catalog` has written."
    )


EXCEPTION: dict[str, Any] = {
    "rule": '"event-field-removed"',
    "where": '"thing.Updated version 1, field value"',
    "reason": '"All read version 2."',
    "until": "2999-01-31",
}


def write_exception(folder: Path, **changes: str | None) -> None:
    fields = {name: value for name, value in (EXCEPTION | changes).items() if value}
    lines = [f"{name} = {value}" for name, value in fields.items()]
    (folder / "contract" / "accepted.toml").write_text("\n".join(["[[accepted]]", *lines]))


def test_an_exception_needs_a_reason_and_a_date(folder, monkeypatch):
    release(folder)
    write_exception(folder)
    result = check(monkeypatch, "tests.sample.broken_versions")
    assert "accepted until 2999-01-31 (All read version 2.): error: thing.Upd" in result.output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": None}, "reason is not text"),
        ({"reason": '""'}, "reason is not text"),
        ({"until": None}, "until is not a date such as 2030-01-31"),
        ({"until": '"soon"'}, "until is not a date such as 2030-01-31"),
        ({"rule": '"odd"'}, "no rule is named odd"),
        ({"rule": '"'}, "is not TOML"),
    ],
)
def test_an_exception_that_is_not_whole_is_refused(folder, monkeypatch, change, said):
    release(folder)
    write_exception(folder, **change)
    error = check(monkeypatch, "tests.sample.things").exception
    assert isinstance(error, ContractError)
    assert said in str(error)


def broken(command: Command) -> None:
    raise RuntimeError("the handler has a bug")


def test_what_waits_and_cannot_be_read_is_counted(database: Database):
    thing_id = uuid4()
    waiting = component(database, broken, max_attempts=2)
    dying = component(database, broken, max_attempts=1)
    Processor(waiting).apply([read(UPDATE, update(thing_id))])
    Processor(waiting).apply([read(CREATE, create()) for _ in range(2)])
    Processor(dying).apply([read(CREATE, create())])
    Processor(dying).apply([read("thing.Odd", create()), read(CREATE, {"a": 1})])
    today = component(database)
    assert unreadable(today, database) == {}
    del today.codec._catalogue.commands[CREATE, 1]  # as a release that has dropped it
    found = unreadable(today, database)
    assert {(one.place, one.type, one.version): count for one, count in found.items()} == {
        ("retries", CREATE, 1): 2,
        ("dead letters", CREATE, 1): 1,
    }
    assert {one.reason[:30] for one in found} == {"There is no command 'thing.Cre"}
