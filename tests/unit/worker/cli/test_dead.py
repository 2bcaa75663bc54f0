"""`worker dead …`, as people and programs call it."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog
from click.testing import CliRunner, Result
from rich.console import Console

from domain.messages import Command
from persistence.audit import AuditEntries
from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.retries import retries
from tests.support.component import component, rows
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.cli import cli, listing
from worker.cli.dead.groups import sparkline
from worker.consumer.processor import Processor

THING = uuid4()


@pytest.fixture
def database(migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Three letters of one group, 1 to 3, and one of another, 4."""
    monkeypatch.setenv("DATABASE_URL", migrated_sqlite_url)
    monkeypatch.setenv("COMPONENT_NAME", "tests")
    monkeypatch.setenv("AGGREGATES", "tests.sample.things")

    def fail(command: Command) -> None:
        raise RuntimeError("a bug")

    with Database(migrated_sqlite_url) as database:
        processor = Processor(component(database, fail, max_attempts=1))
        processor.apply([read(CREATE, create()) for _ in range(3)])
        processor.apply([read(UPDATE, update(THING, 7))])
        yield database


def dead(*words: str, answer: str = "", **settings: str) -> Result:
    before = structlog.get_config()
    try:
        return CliRunner(env=settings).invoke(cli, ["dead", *words], input=answer)
    finally:
        structlog.configure(**before)


def said(*words: str, answer: str = "") -> str:
    result = dead(*words, answer=answer)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return str(result.stdout)


def document(*words: str) -> Any:
    return json.loads(said(*words, "--json"))


def ids(database: Database) -> list[int]:
    return [row["id"] for row in rows(database, dead_letters)]


def audited(database: Database) -> list[tuple[str, dict[str, Any]]]:
    entries = AuditEntries(database, "tests").newest(10)
    return [(entry.action, entry.parameters) for entry in entries]


@pytest.mark.usefixtures("database")
def test_programs_get_one_document_with_ids():
    assert [item["id"] for item in document("list")] == [4, 3, 2, 1]
    assert document("list", "--kind", "nothing") == []
    assert {"id", "kind", "type", "reason", "body", "group", "died_at"} <= set(document("list")[0])
    assert document("show", "4")["id"] == 4
    group, other = document("groups")
    assert (group["count"], other["count"]) == (3, 1)
    assert group["id"] == document("show", "1")["group"]
    assert document("operations") == []


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--limit", "2"], [4, 3]),
        (["--limit", "2", "--before", "3"], [2, 1]),
        (["--kind", "invalid"], [4]),
        (["--type", CREATE, "--text", "A BUG"], [3, 2, 1]),
        (["--aggregate", str(THING)], [4]),
        (["--since", "1h"], [4, 3, 2, 1]),
        (["--until", "1h"], []),
        (["--since", "2020-01-01", "--until", "2020-01-01T12:00:00Z"], []),
    ],
)
def test_letters_are_chosen_by_options(words, expected):
    assert [item["id"] for item in document("list", *words)] == expected


@pytest.mark.usefixtures("database")
def test_a_time_that_is_none_is_refused():
    assert "is not a time such as" in dead("list", "--since", "yesterday").output


@pytest.mark.usefixtures("database")
def test_people_see_the_body_in_its_layout_and_every_part(monkeypatch):
    shown = StringIO()
    monkeypatch.setattr(listing, "console", Console(file=shown, force_terminal=True, width=150))
    said("show", "4")
    assert '\n  "value": 7\n' in shown.getvalue()
    said("show", "1")
    assert "in fail\n" in shown.getvalue()
    said("groups")
    assert "letters 3 2 1" in shown.getvalue()


def test_what_is_said_of_a_group_is_shown_and_written_down(database):
    group = document("groups")[0]["id"]
    said("group", group, "--note", "call the shop", "--owner", "ann", "--hold")
    said("group", group, "--owner", "")
    (now,) = document("group", group)
    assert (now["note"], now["owner"], now["on_hold"]) == ("call the shop", None, True)
    assert audited(database) == [
        ("dead group", {"group": group, "owner": ""}),
        ("dead group", {"group": group, "note": "call the shop", "owner": "ann", "on_hold": True}),
    ]
    assert "There is no group nothing" in dead("group", "nothing").output


def test_one_letter_is_replayed_without_asking(database):
    assert said("replay", "2") == (
        "The relay will send dead letter 2 again. `dead operations` tells what comes of it.\n"
    )
    assert ids(database) == [1, 3, 4]
    assert audited(database) == [("dead replay", {"ids": [2]})]
    (operation,) = document("operations")
    assert (operation["asked"], operation["sent"], operation["waiting"]) == (1, 1, 1)


@pytest.mark.parametrize("answer", ["n\n", ""])
@pytest.mark.parametrize(
    "words", [["replay", "1", "2"], ["replay", "--all"], ["replay", "--kind", "failed"]]
)
def test_a_replay_of_several_asks_first(database, words, answer):
    result = dead(*words, answer=answer)
    assert result.exit_code == 1
    assert "--yes answers beforehand" in result.output
    assert (len(ids(database)), audited(database)) == (4, [])


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("words", [[], ["--rate", "5"], ["--all", "1"], ["--edit", "1", "2"]])
def test_a_replay_says_what_it_wants_to_know(words):
    result = dead("replay", *words)
    assert result.exit_code == 2
    assert "Error: " in result.output


def test_a_dry_run_sends_nothing(database):
    assert said("replay", "--all", "--dry-run").splitlines() == [
        "3 dead letters can be read and would be sent; 1 would stay.",
        "       1  It still cannot be read (invalid): value: Not a valid string.",
    ]
    assert len(ids(database)) == 4
    assert rows(database, retries) == []


def test_those_that_stay_are_named_and_a_group_on_hold_is_left_out(database):
    said("group", document("groups")[0]["id"], "--hold")
    result = dead("replay", "--all", "--yes")
    assert result.exit_code == 1
    assert "Dead letter 4 stays: It still cannot be read" in result.stderr
    assert "Operation 1 is done: 1 asked, 1 skipped." in result.stdout
    assert len(ids(database)) == 4


def test_a_corrected_body_is_sent_from_a_file(database, tmp_path):
    path = tmp_path / "body.json"
    path.write_text(json.dumps(update(THING, "seven")))
    assert "The relay will send the corrected body as command" in said(
        "replay", "4", "--body", str(path)
    )
    assert ids(database) == [1, 2, 3]
    assert audited(database) == [("dead replay", {"ids": [4], "corrected": True})]
    (row,) = rows(database, retries)
    assert str(row["command_id"]) in row["body"].decode()


def editor(tmp_path: Path, script: str) -> str:
    path = tmp_path / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return str(path)


@pytest.mark.parametrize(
    ("script", "left"), [('sed -i \'s/: 7/: "seven"/\' "$1"', 3), (":", 4)], ids=["one", "none"]
)
def test_a_body_is_corrected_in_an_editor(database, tmp_path, script, left):
    dead("replay", "4", "--edit", EDITOR=editor(tmp_path, script), VISUAL="")
    assert len(ids(database)) == left


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["--all"], []),
        (["--all", "--kind", "failed"], [4]),
        (["2", "3"], [1, 4]),
        (["--older-than", "0", "--type", UPDATE], [1, 2, 3]),
        (["--kind", "failed", "--yes"], [1, 2, 3, 4]),  # as they are not old
    ],
)
def test_what_is_thrown_away_is_asked_for_and_written_down(database, words, left):
    if left != [1, 2, 3, 4]:
        assert dead("purge", *words, answer="n\n").exit_code == 1
        assert (len(ids(database)), audited(database)) == (4, [])
    count = 4 - len(left)
    assert said("purge", *words, answer="y\n").endswith(f"Purged {count} dead letters.\n")
    assert ids(database) == left
    assert audited(database)[0][1]["letters"] == count


def test_where_nobody_can_be_asked_nothing_is_thrown_away(database):
    asked = dead("purge", "--older-than", "0", "--kind", "failed")
    assert asked.exit_code == 1
    assert "Throw 3 dead letters away?" in asked.output
    assert "Nothing was done; --yes answers beforehand." in asked.stderr
    assert (len(ids(database)), audited(database)) == (4, [])


def test_what_is_exported_can_be_imported(database, tmp_path):
    path = tmp_path / "letters.jsonl"
    said("export", "--kind", "failed", "--output", str(path))
    assert len(path.read_text().splitlines()) == 3
    assert said("import", str(path)) == "Imported 0 dead letters; 3 of 3 were there already.\n"
    said("purge", "--all", "--yes")
    path.write_text(f"no letter\n\n{path.read_text()}")
    result = dead("import", str(path))
    assert result.exit_code == 1
    assert "Line 1 is no dead letter" in result.stderr
    assert result.stdout == "Imported 3 dead letters; 0 of 3 were there already.\n"
    assert [UUID(item["command_id"]) for item in document("list")]
    assert audited(database)[0] == ("dead import", {"file": str(path)})


def test_a_sparkline_shows_what_is_not_nothing():
    assert sparkline([0, 1, 50, 100, 0]) == " ▁▄█ "
    assert sparkline([0, 0]) == "  "
