"""`worker send`: one command or thousands, checked, confirmed, and with their outcomes."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import Result

from tests.support.command_line import worker
from tests.support.system import System, running_system
from worker import sender
from worker.amqp.publisher import Publisher, Sending
from worker.cli import sending


@pytest.fixture(scope="module")
def running(
    amqp_url: str, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """A component that runs, for all tests of this file."""
    folder = tmp_path_factory.mktemp("running")
    shutil.copyfile(sqlite_template, folder / "component.db")
    url = f"sqlite:///{folder / 'component.db'}"
    with running_system(amqp_url, url, folder) as system:
        process = system.start("run")
        for words in ('"consuming"', '"relaying"'):
            process.wait_for_log(words, 120)
        yield system


@pytest.fixture
def at_rest(make_system: Callable[..., System], migrated_sqlite_url: str) -> System:
    """A component whose queues are there, and no process."""
    return make_system(migrated_sqlite_url)


@pytest.fixture
def send(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Result]]:
    """Return what runs `worker send` to a system; `lines` is its standard input."""
    opened: list[int] = []

    def run(system: System, *words: str, lines: list[Any] | None = None) -> Result:
        monkeypatch.setenv("AMQP_URL", system.amqp_url)
        monkeypatch.setenv("COMPONENT_NAME", system.name)
        monkeypatch.setenv("AGGREGATES", "tests.sample.things")
        text = [line if isinstance(line, str) else json.dumps(line) for line in lines or []]
        path = tmp_path / "lines"
        path.write_text("\n".join(text))
        opened.append(os.open(path, os.O_RDONLY))
        monkeypatch.setattr(sending, "STDIN", opened[-1])
        return worker("send", *words)

    yield run
    for fileno in opened:
        os.close(fileno)


def test_the_outcome_is_shown_to_whoever_waits(running, send):
    thing = str(uuid4())
    result = send(running, "thing.Create", f"thing_id={thing}", "--wait")
    outcome = json.loads(result.stdout)
    assert (result.exit_code, outcome["type"]) == (0, "thing.Created")
    assert outcome["body"]["thing_id"] == thing


def test_a_rejection_is_an_outcome_and_an_exit_code(running, send):
    result = send(running, "thing.UpdateValue", f"thing_id={uuid4()}", "value=x", "--wait")
    outcome = json.loads(result.stdout)
    assert (result.exit_code, outcome["type"]) == (1, "CommandRejected")
    assert outcome["body"]["code"] == "not-found"


def test_a_program_gets_command_and_outcome(running, send):
    told = json.loads(send(running, "thing.Create", "--wait", "--json").stdout)
    assert told["command_id"] == told["body"]["command_id"] == told["outcome"]["body"]["command_id"]


def test_without_waiting_a_program_gets_the_command(at_rest, send):
    told = json.loads(send(at_rest, "thing.Create", "--json").stdout)
    assert (told["type"], told["outcome"]) == ("thing.Create", None)
    assert at_rest.waiting() == 1


def test_the_broker_is_waited_for_however_short_the_patience_with_outcomes(at_rest, send):
    result = send(at_rest, "thing.Create", "--timeout", "0")
    assert (result.exit_code, result.stderr, at_rest.waiting()) == (0, "", 1)


def test_where_nobody_answers_the_waiting_ends(at_rest, send):
    result = send(at_rest, "thing.Create", "--wait", "--timeout", "0.1")
    assert (result.exit_code, at_rest.waiting()) == (1, 1)
    assert "No outcome within 0.1 s, of 1" in result.stderr


def test_a_body_comes_from_a_file(at_rest, send, tmp_path):
    body = {"command_id": str(uuid4()), "thing_id": str(uuid4())}
    (tmp_path / "body.json").write_text(json.dumps(body, indent=2))
    result = send(at_rest, "thing.Create", "--file", str(tmp_path / "body.json"))
    assert (json.loads(result.stdout), at_rest.waiting()) == (body, 1)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [("{", "not JSON"), ("[]", "not a JSON object"), ('{"value": "x"}', "value: Unknown")],
)
def test_a_file_that_is_no_command_is_refused(at_rest, send, tmp_path, body, sentence):
    (tmp_path / "body.json").write_text(body)
    result = send(at_rest, "thing.Create", "--file", str(tmp_path / "body.json"))
    assert (result.exit_code, at_rest.waiting()) == (1, 0)
    assert sentence in result.stderr


def test_a_body_is_given_once(at_rest, send, tmp_path):
    (tmp_path / "body.json").write_text("{}")
    file = str(tmp_path / "body.json")
    result = send(at_rest, "thing.Create", f"thing_id={uuid4()}", "--file", file)
    assert result.exit_code == 2
    assert "not both" in result.stderr


def test_a_version_that_there_is_not_is_refused(at_rest, send):
    result = send(at_rest, "thing.Create", "--schema-version", "7")
    assert (result.exit_code, at_rest.waiting()) == (1, 0)
    assert "in version 7" in result.stderr


def test_thousands_are_sent_and_wrong_lines_cost_only_themselves(at_rest, send):
    lines: list[Any] = [{"thing_id": str(uuid4())} for _ in range(3000)]
    lines[6], lines[1499], lines[2000] = '{"thing_id": ', {"value": "\x9b31m"}, ""
    result = send(at_rest, "thing.Create", "-", lines=lines)
    assert (result.exit_code, at_rest.waiting()) == (1, 2997)
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == [
        "line 7",
        "line 1500",
        "2 wrong, 2997 sent.",
    ]
    assert result.stdout == ""


def test_what_has_a_command_id_keeps_it(at_rest, send):
    ids = [str(uuid4()) for _ in range(3)]
    lines = [{"command_id": command_id} for command_id in ids]
    result = send(at_rest, "thing.Create", "-", "--json", lines=lines)
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(item["line"], item["command_id"]) for item in told] == list(enumerate(ids, 1))
    assert (result.exit_code, result.stderr) == (0, "3 sent.\n")


def test_of_many_the_refused_are_named_and_the_rest_counted(running, send):
    thing = str(uuid4())
    lines = [{"thing_id": thing, "value": "x"}, {"thing_id": str(uuid4()), "value": "x"}]
    send(running, "thing.Create", f"thing_id={thing}", "--wait")
    result = send(running, "thing.UpdateValue", "-", "--wait", lines=lines)
    assert result.exit_code == 1
    assert "line 2: CommandRejected not-found: There is no thing" in result.stderr
    assert "line 1" not in result.stderr
    assert {"2 sent", "1 thing.Updated", "1 CommandRejected"} == set(
        result.stderr.splitlines()[-1].removesuffix(".").split(", ")
    )


def test_a_command_that_comes_twice_is_waited_for_once(running, send):
    lines = [{"command_id": str(uuid4()), "thing_id": str(uuid4())}] * 2
    result = send(running, "thing.Create", "-", "--wait", lines=lines)
    assert (result.exit_code, len(result.stderr.splitlines())) == (0, 1)


def test_what_the_broker_refuses_is_told(at_rest, send):
    with at_rest.command_queue_full():
        one = send(at_rest, "thing.Create")
        many = send(at_rest, "thing.Create", "-", lines=[{}, {}])
    assert one.exit_code == many.exit_code == 1
    assert "the queue may be full" in str(one.exception)
    assert "\n2 refused by the broker.\n" in many.stderr
    assert "line 2: the broker refused it; the queue may be full" in many.stderr


def test_where_no_queue_is_what_was_sent_before_is_told_too(at_rest, send):
    at_rest.delete_queue()
    result = send(at_rest, "thing.Create", "-", lines=[{}])
    assert "There is no queue" in str(result.exception)
    assert result.stderr == "0 sent.\n"


def test_only_the_events_asked_for_are_watched(running, send):
    watch = running.start("watch", "--type", "thing.Updated", "--json")
    watch.wait_for_log("Watching")
    thing = str(uuid4())
    send(running, "thing.Create", f"thing_id={thing}", "--wait")
    send(running, "thing.UpdateValue", f"thing_id={thing}", "value=x", "--wait")
    watch.wait_for_log("thing.Updated")
    assert "thing.Created" not in watch.log()
    assert watch.stop() == 0


def test_only_so_many_are_on_their_way_at_a_time(at_rest, send, monkeypatch):
    monkeypatch.setattr(sender, "ON_THEIR_WAY", 10)
    pending: list[int] = []
    publish = Publisher.publish

    def counted(publisher: Publisher, *arguments: Any) -> Sending:
        pending.append(publisher.pending)
        return publish(publisher, *arguments)

    monkeypatch.setattr(Publisher, "publish", counted)
    assert send(at_rest, "thing.Create", "-", lines=[{}] * 35).exit_code == 0
    assert max(pending) == 9
