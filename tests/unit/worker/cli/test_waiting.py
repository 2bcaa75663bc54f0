"""`worker waiting` and `worker audit`, as a person types them."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.messages import Command
from persistence.audit import AuditEntries
from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.inbox import inbox
from tests.support.command_line import worker
from tests.support.component import component, rows
from tests.support.messages import CREATE, create, read
from worker.consumer.processor import Processor


def fail(command: Command) -> None:
    raise RuntimeError("a bug \x1b[31m")


@pytest.fixture
def database(migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("DATABASE_URL", migrated_sqlite_url)
    monkeypatch.setenv("COMPONENT_NAME", "tests")
    monkeypatch.setenv("AGGREGATES", "tests.sample.things")
    with Database(migrated_sqlite_url) as database:
        yield database


def waiting(database: Database, count: int) -> list[str]:
    """Let the first attempts at so many commands fail, and return their ids."""
    commands = [read(CREATE, create()) for _ in range(count)]
    Processor(component(database, fail)).apply(commands)
    database.dispose()
    return [str(command.command_id) for command in commands]


def statuses(database: Database) -> list[str]:
    return sorted(entry["status"] for entry in rows(database, inbox))


def audited(database: Database) -> list[tuple[str, dict[str, Any]]]:
    entries = AuditEntries(database, "tests").all()
    return [(entry.action, entry.parameters) for entry in entries]


def test_the_list_is_one_json_document_whose_items_have_ids(database):
    ids = waiting(database, 2)
    listed = json.loads(worker("waiting", "list", "--json").stdout)
    assert {item["id"] for item in listed} == set(ids)
    assert {"type", "attempt", "error", "due_at"} <= listed[0].keys()
    assert all(UUID(item["aggregate_id"]) for item in listed)


def test_an_empty_list_is_a_json_document_too(database):
    assert json.loads(worker("waiting", "list", "--json").stdout) == []


def test_the_list_is_filtered_by_type_and_time(database):
    waiting(database, 1)
    for filters, count in (
        (("--type", CREATE, "--since", "1h"), 1),
        (("--type", "thing.Other"), 0),
        (("--since", "0s"), 0),
    ):
        assert len(json.loads(worker("waiting", "list", "--json", *filters).stdout)) == count


@pytest.mark.parametrize("since", ["1", "h", "-1h", "1w", "", "1000000d"])
def test_a_time_that_is_none_is_refused_with_examples(database, since):
    result = worker("waiting", "list", "--since", since)
    assert result.exit_code == 2
    assert "90s, 30m, 1h or 7d" in result.output


def test_where_no_terminal_is_each_item_is_a_line(database):
    ids = waiting(database, 2)
    lines = worker("waiting", "list").stdout.splitlines()
    assert {json.loads(line)["id"] for line in lines} == set(ids)


def test_one_command_is_cancelled_without_asking(database):
    first, _ = waiting(database, 2)
    result = worker("waiting", "cancel", first)
    assert (result.exit_code, result.stdout) == (0, "Cancelled 1 command.\n")
    assert statuses(database) == ["failed", "retrying"]
    assert audited(database) == [("waiting cancel", {"ids": [first]})]


def test_one_that_does_not_wait_costs_the_others_nothing(database):
    (waits,) = waiting(database, 1)
    stranger = str(uuid4())
    result = worker("waiting", "cancel", "--yes", stranger, waits)
    assert (result.exit_code, statuses(database)) == (1, ["failed"])
    assert "Cancelled 1 command." in result.output
    assert f"Not waiting (any more): {stranger}." in result.output


def test_many_are_cancelled_once_somebody_has_said_yes(database):
    waiting(database, 3)
    result = worker("waiting", "cancel", "--all", input="y\n")
    assert "3 commands: cancel? [y/N]" in result.output
    assert "Cancelled 3 commands." in result.output
    assert len(rows(database, dead_letters)) == 3
    expected = {"type": None, "since": None, "commands": 3}
    assert audited(database) == [("waiting cancel", expected)]


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_who_does_not_say_yes_changes_nothing(database, answer):
    waiting(database, 2)
    for verb in ("cancel", "now"):
        assert worker("waiting", verb, "--all", input=answer).exit_code == 1
    assert statuses(database) == ["retrying", "retrying"]
    assert audited(database) == []


def test_all_of_one_type_are_cancelled(database):
    waiting(database, 2)
    worker("waiting", "cancel", "--all", "--type", "thing.Other", "--yes")
    assert statuses(database) == ["retrying", "retrying"]
    worker("waiting", "cancel", "--all", "--type", CREATE, "--yes")
    assert statuses(database) == ["failed", "failed"]


def test_many_are_hurried(database):
    waiting(database, 2)
    result = worker("waiting", "now", "--all", "--yes")
    assert result.stdout == "The relay will send 2 commands again now.\n"
    listed = json.loads(worker("waiting", "list", "--json").stdout)
    assert all(item["due_at"] <= database.now().isoformat() for item in listed)
    expected = {"type": None, "since": None, "commands": 2}
    assert audited(database) == [("waiting now", expected)]


@pytest.mark.parametrize(
    "words", [[], ["--all", str(uuid4())], [str(uuid4()), "--type", CREATE], ["7"]]
)
def test_who_does_not_say_which_is_told_how(database, words):
    assert worker("waiting", "now", *words).exit_code == 2


def test_the_audit_is_listed_the_newest_first_and_exported_the_oldest_first(database):
    (first, second, third) = waiting(database, 3)
    for command_id in (first, second, third):
        worker("waiting", "now", command_id)
    listed = json.loads(worker("audit", "list", "--json", "--limit", "2").stdout)
    assert [item["parameters"]["ids"] for item in listed] == [[third], [second]]
    before = worker("audit", "list", "--json", "--before", str(listed[-1]["id"])).stdout
    assert [item["parameters"]["ids"] for item in json.loads(before)] == [[first]]
    lines = [json.loads(line) for line in worker("audit", "export").stdout.splitlines()]
    assert [line["parameters"]["ids"] for line in lines] == [[first], [second], [third]]
    assert lines[-1] == listed[0]
