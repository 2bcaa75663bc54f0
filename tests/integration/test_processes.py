"""The processes themselves: how they start, stop, restart, and what they say of themselves."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from persistence.database import Database
from persistence.locks import lock
from tests.support.checker import check
from tests.support.foreign import create, update
from tests.support.health import get
from tests.support.pipes import fill
from tests.support.proxy import Proxy
from tests.support.system import ROOT, Process, System
from tests.support.waiting import wait_for
from worker.runtime.supervisor import Child
from worker.runtime.watchdog import HUNG


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children_of(pid: int) -> list[int]:
    children = subprocess.run(
        ["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True, text=True, check=False
    ).stdout
    return [int(child) for child in children.split()]


def alive(pid: int) -> bool:
    try:
        return state(pid) != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopping_consumer_settles_what_was_delivered(either_system: System, number: int) -> None:
    system = either_system
    thing = str(uuid4())
    system.sender().send([create(thing), *(update(thing, f"{i}") for i in range(1500))])
    consumer = system.start("consume", BATCH_SIZE="25", PREFETCH_COUNT="300")
    wait_for(lambda: system.count("inbox") > 100, "some batches")
    consumer.signal(number)
    assert consumer.wait() == 0, consumer.log()
    settled = system.count("inbox")
    assert settled < 1501, "it had settled everything before it was stopped"
    rest = 1501 - settled
    wait_for(lambda: system.waiting() >= rest, f"{rest} back in the queue")
    assert system.waiting() == rest, "what was settled had not been acknowledged"
    with_count = system.start("consume")
    wait_for(lambda: system.count("inbox") == 1501, "the rest")
    assert with_count.stop() == 0
    assert '"summary"' in with_count.log()
    assert '"duplicate"' not in with_count.log()


def test_a_stop_that_everybody_is_told_of_twice_is_a_drain(system: System) -> None:
    supervisor = system.start("run", "--consumers", "2", BATCH_SIZE="25", PREFETCH_COUNT="300")
    wait_for(lambda: supervisor.log().count('"consuming"') == 2, "consumers")
    supervisor.wait_for_log('"relaying"')
    sending = Thread(target=system.sender().send, args=([create() for _ in range(1500)],))
    sending.start()
    wait_for(lambda: system.count("inbox") > 100, "some batches")
    everybody = [*children_of(supervisor.pid), supervisor.pid]
    # As systemd, or whoever else ends a whole control group, may do it.
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
        for process in everybody:
            os.kill(process, number)
    assert supervisor.wait() == 0, supervisor.log()
    sending.join()
    settled = system.count("inbox")
    assert settled < 1500, "they had settled everything before they were stopped"
    wait_for(lambda: system.waiting() == 1500 - settled, "the rest back in the queue")
    assert supervisor.log().count('"draining"') == 2
    assert supervisor.log().count('"stopped"') >= 2


def test_a_stop_while_a_second_connection_is_only_opened_is_a_drain(system: System) -> None:
    for _ in range(5):
        consumer = system.start("consume")
        consumer.wait_for_log('"consuming"')
        assert consumer.stop() == 0, consumer.log()


@pytest.mark.parametrize(
    ("command", "code"), [("run", 0), ("consume", 0), ("relay", 0), ("migrate", 143)]
)
def test_a_stop_in_the_first_moment_ends_at_once(system: System, command: str, code: int) -> None:
    process = system.start(command)
    wait_for(lambda: listens_to(process.pid, signal.SIGTERM), "the handler", every=0.001)
    process.signal(signal.SIGTERM)
    assert process.wait(5) == code
    assert process.log() == ""


def test_what_our_parent_has_done_with_signals_changes_nothing(system: System) -> None:
    supervisor = system.start("run", module="tests.support.deaf")
    wait_for(lambda: '"relaying"' in supervisor.log(), "the relay")
    os.kill(children_of(supervisor.pid)[0], signal.SIGKILL)
    supervisor.wait_for_log('"child died"')
    assert f'"code": {-signal.SIGKILL}' in supervisor.log()
    assert supervisor.stop(10) == 0


def listens_to(pid: int, number: int) -> bool:
    """Return whether the process has a handler of its own for this signal."""
    (caught,) = re.findall(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return bool(int(caught, 16) >> (number - 1) & 1)


def test_a_migration_that_waits_for_its_turn_ends_at_once(system: System) -> None:
    database = Database(system.database_url)
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with database, database.autocommit_connection() as connection:
        lock(database, connection, "migrate").acquire(wait=True)
        migrate = system.start("migrate")
        wait_for(lambda: system.query(sessions) == [(3,)], "another session")
        migrate.signal(signal.SIGTERM)
        assert migrate.wait(5) == 128 + signal.SIGTERM


def test_who_would_watch_ends_at_once_though_the_broker_says_nothing(system: System) -> None:
    port = make_url(system.amqp_url).port
    assert port is not None
    with closing(Proxy(port)) as proxy:
        proxy.silent()
        watch = system.start("watch", AMQP_URL=f"amqp://guest:guest@127.0.0.1:{proxy.port}/%2F")
        wait_for(lambda: proxy.swallowed > 0, "its first words")
        watch.signal(signal.SIGTERM)
        assert watch.wait(5) == 128 + signal.SIGTERM


@pytest.fixture
def unread(tmp_path: Path) -> Iterator[Path]:
    """A pipe that is full, and whose reader is there but does not read."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    fill(writer)
    yield path
    os.close(writer)
    os.close(reader)


@pytest.fixture(params=["full", "unread"])
def broken_log(request: pytest.FixtureRequest) -> Path:
    return Path("/dev/full") if request.param == "full" else request.getfixturevalue("unread")


def test_a_log_that_takes_nothing_costs_nothing(system: System, broken_log: Path) -> None:
    supervisor = system.start("run", output=broken_log, LOG_LEVEL="debug")
    system.sender().send([create() for _ in range(500)])
    wait_for(lambda: system.count("inbox") == 500, "the commands")
    assert supervisor.stop() == 0


def test_a_handler_that_never_returns_costs_its_neighbours_only_time(system: System) -> None:
    thing = str(uuid4())
    system.sender().send([create(thing), update(thing, "hang"), *(create() for _ in range(50))])

    def start() -> Process:
        # The least that a process gives itself. With less than its neighbour needs to start, the
        # two would take turns at the command that hangs.
        return system.start("consume", module="tests.support.misbehaving", PATIENCE="8")

    consumers = [start(), start()]

    def applied() -> bool:
        consumers.extend(start() for c in consumers[-2:] if c.code is not None)
        return system.count("inbox") == 51

    wait_for(applied, "the neighbours", 60, every=0.2)
    wait_for(lambda: any(c.code == HUNG for c in consumers), "an end", 60)
    hung = next(c for c in consumers if c.code == HUNG)
    assert '"stacks": "MainThread:' in hung.log()
    assert "in update" in hung.log()


def test_a_thread_of_a_handler_keeps_no_process_that_has_drained(system: System) -> None:
    thing = str(uuid4())
    system.sender().send([create(thing), update(thing, "thread")])
    consumer = system.start("consume", module="tests.support.misbehaving")
    wait_for(lambda: system.count("inbox") == 2, "the commands")
    assert consumer.stop() == 0
    assert "in the middle of something" not in consumer.log()


def test_a_child_that_is_frozen_is_killed_and_started_again(system: System) -> None:
    settings = {
        "DATABASE_URL": system.database_url,
        "AMQP_URL": system.amqp_url,
        "COMPONENT_NAME": system.name,
    }
    child = Child("relay", ["relay", "--supervised-by", str(os.getpid())], settings, limit=3)

    def is_up() -> bool:
        child.keep_running()
        return child._heard is not None

    try:
        wait_for(is_up, "its pulse", every=0.2)
        assert child._process is not None
        first = child._process.pid
        os.kill(first, signal.SIGSTOP)
        wait_for(lambda: state(first) == "T", "the standstill")
        wait_for(lambda: is_up() and child._process.pid != first, "another one", every=0.2)
        child.terminate()
        assert child.wait(10) == 0
    finally:
        child.kill()


def test_run_starts_again_what_dies(either_system: System) -> None:
    system = either_system
    subscriber, sender = system.subscriber(), system.sender()
    supervisor = system.start("run", "--consumers", "2")
    wait_for(lambda: len(children_of(supervisor.pid)) == 3, "three children")
    first = children_of(supervisor.pid)
    wait_for(lambda: supervisor.log().count('"consuming"') == 2, "consumers")
    for child in first:
        os.kill(child, signal.SIGKILL)
    sent = [create() for _ in range(20)]
    sender.send(sent)
    wait_for(lambda: len(subscriber.heard) == 20, "the events")
    assert not set(children_of(supervisor.pid)) & set(first)
    assert check(system, sent, subscriber.heard).problems == []
    assert supervisor.stop() == 0
    assert not [child for child in first if alive(child)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_child_outlives_run(either_system: System, number: int) -> None:
    supervisor = either_system.start("run")
    wait_for(lambda: '"relaying"' in supervisor.log(), "the relay")
    wait_for(lambda: '"consuming"' in supervisor.log(), "the consumer")
    children = children_of(supervisor.pid)
    assert len(children) == 2
    supervisor.signal(number)
    code = supervisor.wait()
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    wait_for(lambda: not [child for child in children if alive(child)], "the children's end")


def test_one_relay_works_and_another_takes_over(either_system: System) -> None:
    system = either_system
    subscriber, sender = system.subscriber(), system.sender()
    system.start("consume")
    first = system.start("relay")
    first.wait_for_log('"relaying"')
    second = system.start("relay")
    sender.send([create()])
    wait_for(lambda: len(subscriber.heard) == 1, "the first event")
    assert '"relaying"' not in second.log()
    first.signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    sender.send([create()])
    # Killed between confirm and delete, the first leaves its event to be published again.
    wait_for(lambda: subscriber.distinct() == 2, "the second event")
    assert '"relaying"' in second.log()
    assert second.stop() == 0, second.log()


def test_the_health_endpoint_tells_ready_from_not_ready(system: System) -> None:
    ports = free_port(), free_port()
    consumer = system.start("consume", HTTP_PORT=str(ports[0]))
    wait_for(lambda: get(ports[0], "/readyz") == (200, "ok\n"), "readiness")
    assert get(ports[0], "/livez") == (200, "ok\n")
    assert get(ports[0], "/nothing")[0] == 404
    system.sender().send([create()])
    labels = f'component="{system.name}",ending="applied",type="thing.Create"'
    counted = f"component_commands_total{{{labels}}} 1.0"
    wait_for(lambda: counted in get(ports[0], "/metrics")[1], "1")
    relay = system.start("relay", HTTP_PORT=str(ports[1]))
    wait_for(lambda: get(ports[1], "/readyz")[0] == 200, "the relay's readiness")
    system.execute("ALTER TABLE alembic_version RENAME TO elsewhere")
    try:
        status, reason = get(ports[0], "/readyz")
    finally:
        system.execute("ALTER TABLE elsewhere RENAME TO alembic_version")
    assert status == 503
    assert "migrate" in reason
    assert consumer.stop() == relay.stop() == 0


def test_not_ready_while_the_broker_does_not_have_us(system: System) -> None:
    port = free_port()
    consumer = system.start(
        "consume", HTTP_PORT=str(port), AMQP_URL=f"amqp://guest:guest@127.0.0.1:{free_port()}/%2F"
    )
    wait_for(lambda: get(port, "/readyz") == (503, "the broker does not have us\n"), "503")
    assert get(port, "/livez")[0] == 200
    consumer.wait_for_log("the broker is away")
    assert consumer.stop() == 0
    assert consumer.log().count("the broker is away") == 1


def test_each_child_of_run_says_once_and_by_its_name_that_the_broker_is_away(
    system: System,
) -> None:
    url = f"amqp://guest:guest@127.0.0.1:{free_port()}/%2F"
    supervisor = system.start("run", "--consumers", "2", AMQP_URL=url)
    away = '"event": "the broker is away"'
    wait_for(lambda: supervisor.log().count(away) >= 3, "each child's line")
    assert supervisor.stop() == 0
    told = [json.loads(line) for line in supervisor.log().splitlines()]
    said = [line["process"] for line in told if line["event"] == "the broker is away"]
    assert sorted(said) == ["consume-1", "consume-2", "relay"]
    assert {line["event"] for line in told} == {"the broker is away", "stopped"}


def fails(*arguments: str, **settings: str) -> str:
    """Run a command of the worker that must fail, and return its single line of error."""
    ours = {"AGGREGATES": "tests.sample.things", "PYTHONWARNINGS": "error"}
    environment = {**os.environ, **ours, **settings}
    result = subprocess.run(
        [sys.executable, "-m", "worker", *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1, result
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    return result.stderr


@pytest.mark.slow
def test_every_command_refuses_a_wrong_setting_in_one_line() -> None:
    assert '"BATCH_SIZE"' in fails("consume", BATCH_SIZE="many")
    assert '"AMQP_URL"' in fails("run", AMQP_URL="http://x")
    assert "secret" not in fails("migrate", DATABASE_URL="mysql://root:secret@h/x")


@pytest.mark.parametrize("command", ["run", "consume", "relay", "show", "dead"])
def test_a_database_that_is_behind_is_refused_with_the_way_out(
    postgresql_database: str, amqp_url: str, command: str
) -> None:
    arguments = {"show": ["show", str(uuid4())], "dead": ["dead", "list"]}.get(command, [command])
    error = fails(*arguments, DATABASE_URL=postgresql_database, AMQP_URL=amqp_url)
    assert "behind" in error
    assert "python -m worker migrate" in error


@pytest.mark.slow
def test_people_get_a_sentence_when_the_broker_is_away() -> None:
    url = f"amqp://guest:guest@127.0.0.1:{free_port()}/%2F"
    assert "Connection refused" in fails("send", "thing.Create", AMQP_URL=url)
    assert "Connection refused" in fails("declare", AMQP_URL=url)


def test_people_get_a_sentence_for_a_command_that_is_none(system: System) -> None:
    settings = {"AMQP_URL": system.amqp_url, "COMPONENT_NAME": system.name}
    assert "unknown-type" not in fails("send", "thing.Destroy", **settings)
    assert "value: Missing data" in fails(
        "send", "thing.UpdateValue", f"thing_id={uuid4()}", **settings
    )
    assert "no queue" in fails(
        "send", "thing.Create", AMQP_URL=system.amqp_url, COMPONENT_NAME=f"x{uuid4().hex[:8]}"
    )


def test_a_queue_with_other_arguments_is_refused_with_a_sentence(system: System) -> None:
    consumer = system.start("consume", SINGLE_ACTIVE_CONSUMER="true")
    assert consumer.wait() == 1
    assert "x-single-active-consumer" in consumer.log()
    assert "Traceback" not in consumer.log()


def test_watch_and_send_and_show_work_together(either_system: System) -> None:
    system = either_system
    watch = system.start("watch")
    watch.wait_for_log("Watching")
    system.start("run")
    thing = str(uuid4())
    system.call("send", "thing.Create", f"thing_id={thing}")
    system.call("send", "thing.UpdateValue", f"thing_id={thing}", 'value:="grün"')
    watch.wait_for_log('"thing.Updated"')
    assert '"value": "grün"' in system.call("show", thing)
    watch.signal(signal.SIGINT)
    assert watch.wait() == 0
