"""Servers that go away, fill up or fall silent: it costs time, nothing else."""

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from time import monotonic
from uuid import uuid4

import pytest
from pika.frame import Method
from pika.spec import Connection
from sqlalchemy import make_url

from tests.integration.test_processes import free_port
from tests.support.checker import check
from tests.support.foreign import Sent, create, update
from tests.support.health import get, metric
from tests.support.proxy import Proxy
from tests.support.system import Process, System, running_system
from tests.support.waiting import hold, wait_for

HEARTBEAT = 4  # seconds: short, so that silence is noticed soon


def wait_until_ready(port: int, seconds: float) -> None:
    wait_for(lambda: get(port, "/readyz")[0] == 200, "ready", seconds)


def wait_until_not_ready(port: int, reason: str, seconds: float) -> None:
    def says_so() -> bool:
        status, said = get(port, "/readyz")
        return status == 503 and reason in said

    wait_for(says_so, f"503 {reason}", seconds)


class Rig:
    """A component under load, with a proxy before each of its servers; senders do without."""

    def __init__(self, system: System, broker: Proxy, database: Proxy) -> None:
        self.system = system
        self.broker = broker
        self.database = database
        self.subscriber = system.subscriber()
        self._sender = system.sender()
        self.things = [str(uuid4()) for _ in range(20)]
        self.sent: list[Sent] = []
        self.ports = free_port(), free_port()
        self.behind = {
            "AMQP_URL": f"amqp://guest:guest@127.0.0.1:{broker.port}/%2F?heartbeat={HEARTBEAT}",
            "DATABASE_URL": make_url(system.database_url)
            .set(port=database.port)
            .render_as_string(hide_password=False),
            "BATCH_SIZE": "50",
            "DRAIN_TIMEOUT": "5",
            "LOG_LEVEL": "debug",
        }
        self.consumer = self.start_consumer()
        self.consumers = [self.consumer]
        self.relay = system.start("relay", **self.behind, HTTP_PORT=str(self.ports[1]))

    def start_consumer(self, module: str = "worker") -> Process:
        return self.system.start(
            "consume", module=module, **self.behind, HTTP_PORT=str(self.ports[0])
        )

    def send(self, count: int) -> None:
        if not self.sent:
            self._send([create(thing) for thing in self.things])
        start = len(self.sent)
        self._send([update(self.things[i % 20], f"{start + i}") for i in range(count)])

    def _send(self, commands: list[Sent]) -> None:
        self._sender.send(commands)
        self.sent += commands

    def wait_until_ready(self, seconds: float = 30) -> None:
        for port in self.ports:
            wait_until_ready(port, seconds)

    def wait_until_not_ready(self, *reasons: str) -> None:
        """Wait until both say so, or those whose reason is given do: within a heartbeat."""
        until = monotonic() + HEARTBEAT
        for port, reason in zip(self.ports, reasons or ("", ""), strict=False):
            wait_until_not_ready(port, reason, until - monotonic())

    def wait_until_settled(self, seconds: float = 60) -> None:
        wait_for(lambda: self.subscriber.distinct() >= len(self.sent), "all events", seconds)
        wait_for(lambda: self.system.waiting() == 0, "an empty queue", seconds)
        wait_for(lambda: self.system.count("outbox") == 0, "an empty outbox", seconds)

    def check(self) -> None:
        """Nothing lost, doubled, out of order, dead or restarted."""
        assert check(self.system, self.sent, self.subscriber.heard).problems == []
        for process in (self.consumer, self.relay):
            assert process.code is None, process.log()
            assert "Traceback" not in process.log()


@pytest.fixture
def rig(system: System) -> Iterator[Rig]:
    amqp_port = make_url(system.amqp_url).port
    database_port = make_url(system.database_url).port
    assert amqp_port is not None
    assert database_port is not None
    with closing(Proxy(amqp_port)) as broker, closing(Proxy(database_port)) as database:
        rig = Rig(system, broker, database)
        rig.wait_until_ready()
        rig.send(200)
        rig.wait_until_settled()
        yield rig


def lines(process: Process, words: str) -> int:
    return sum(words in line for line in process.log().splitlines())


@pytest.mark.parametrize("server", ["broker", "database"])
def test_an_outage_costs_time_only(rig: Rig, server: str) -> None:
    proxy: Proxy = getattr(rig, server)
    rig.send(500)
    proxy.down()
    assert proxy.cut > 0
    for process in (rig.consumer, rig.relay):
        process.wait_for_log(f"the {server} is away")
    rig.wait_until_not_ready()
    gauge = {"broker": "broker_connected", "database": "database_available"}[server]
    assert [metric(port, gauge) for port in rig.ports] == [0, 0]
    rig.send(100)
    proxy.up()
    rig.wait_until_settled()
    rig.wait_until_ready()
    rig.check()
    counter = {"broker": "broker_reconnects_total", "database": "database_errors_total"}[server]
    for process, port in zip((rig.consumer, rig.relay), rig.ports, strict=True):
        assert lines(process, f"the {server} is away") == 1
        assert lines(process, f"the {server} is back") == 1
        assert metric(port, gauge) == 1
        assert metric(port, counter) >= 1


@pytest.mark.parametrize("server", ["broker", "database"])
def test_silence_is_noticed(rig: Rig, server: str) -> None:
    proxy: Proxy = getattr(rig, server)
    proxy.silent()
    rig.send(100)
    began = monotonic()
    rig.wait_until_not_ready()
    available = [metric(port, "database_available") for port in rig.ports]
    assert available == [server != "database"] * 2
    for process in (rig.consumer, rig.relay):
        process.wait_for_log(f"the {server} is away", 60)
    assert proxy.swallowed > 0
    assert monotonic() - began < 10 * HEARTBEAT
    proxy.up()
    rig.wait_until_settled()
    rig.wait_until_ready()
    rig.check()


def test_a_broker_that_blocks_us_makes_us_wait(rig: Rig) -> None:
    rig.broker.tell(Method(0, Connection.Blocked("low on memory")).marshal())
    rig.wait_until_not_ready(*["the broker blocks our connection"] * 2)
    assert [metric(port, "broker_blocked") for port in rig.ports] == [1, 1]
    rig.broker.tell(Method(0, Connection.Unblocked()).marshal())
    rig.wait_until_ready()
    assert [metric(port, "broker_blocked") for port in rig.ports] == [0, 0]
    rig.check()


@pytest.mark.parametrize("server", ["broker", "database"])
def test_connections_reset_in_the_middle_cost_nothing(rig: Rig, server: str) -> None:
    proxy: Proxy = getattr(rig, server)
    sender = Thread(target=rig.send, args=(1500,))
    sender.start()
    for expected in range(1, 6):
        wait_for(lambda: len(rig.subscriber.heard) > 200 + 100 * expected, "some more events")  # noqa: B023
        before = proxy.cut
        wait_for(lambda: proxy.reset() or proxy.cut > before, "a connection to cut")  # type: ignore[func-returns-value]  # noqa: B023
    sender.join()
    rig.wait_until_settled()
    rig.check()


@pytest.mark.parametrize("server", ["broker", "database"])
def test_connections_torn_in_the_middle_of_a_frame_cost_nothing(rig: Rig, server: str) -> None:
    proxy: Proxy = getattr(rig, server)
    sender = Thread(target=rig.send, args=(1500,))
    sender.start()
    for expected in range(1, 6):
        wait_for(lambda: rig.subscriber.distinct() > 200 + 200 * expected, "some more events")  # noqa: B023
        wait_for(lambda: proxy.tear() or proxy.torn >= expected, "a torn connection")  # type: ignore[func-returns-value]  # noqa: B023
    sender.join()
    rig.wait_until_settled()
    rig.check()


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
def test_a_commit_with_an_unknown_result_is_settled_once(rig: Rig, done: bool) -> None:
    rig.database.lose_commits(5, done=done)
    rig.send(1000)
    wait_for(lambda: rig.database.lost_commits == 5, "five commits without an answer")
    rig.wait_until_settled()
    rig.check()
    assert rig.consumer.stop() == 0  # it says then what it did
    assert ('"duplicate"' in rig.consumer.log()) == done, "the inbox tells what became of it"


@pytest.mark.parametrize("server", ["broker", "database"])
def test_a_slow_server_is_no_fault(rig: Rig, server: str) -> None:
    proxy: Proxy = getattr(rig, server)
    proxy.slow()
    rig.send(50)
    rig.wait_until_settled()
    proxy.up()
    rig.check()


def test_a_queue_that_is_deleted_is_made_again(rig: Rig) -> None:
    rig.system.delete_queue()
    rig.wait_until_not_ready("the broker does not have us")
    rig.consumer.wait_for_log("cancelled our consumer")
    rig.wait_until_ready()
    wait_for(rig.system.queue_exists, "the queue")
    rig.send(50)
    rig.wait_until_settled()
    rig.check()


@pytest.mark.parametrize("server", ["broker", "database"])
def test_a_stop_during_an_outage_ends_in_time_and_loses_nothing(rig: Rig, server: str) -> None:
    proxy: Proxy = getattr(rig, server)
    proxy.down()
    rig.send(50)
    for process in (rig.consumer, rig.relay):
        process.wait_for_log(f"the {server} is away")
    for process in (rig.consumer, rig.relay):
        process.signal(signal.SIGTERM)
    assert rig.consumer.wait(40) == 0
    assert rig.relay.wait(40) == 0
    proxy.up()
    rig.system.start("run")
    rig.wait_until_settled()
    assert check(rig.system, rig.sent, rig.subscriber.heard).problems == []


def test_rows_locked_for_long_cost_time_only(rig: Rig) -> None:
    with rig.system.locked("things"):
        rig.send(50)
        rig.consumer.wait_for_log("the database is away", 60)
        assert get(rig.ports[0], "/readyz")[0] == 503
    rig.wait_until_settled()
    rig.check()


def test_everything_is_away_at_the_start(
    amqp_url: str, migrated_postgresql_url: str, tmp_path: Path
) -> None:
    amqp_port, database_port = make_url(amqp_url).port, make_url(migrated_postgresql_url).port
    assert amqp_port is not None
    assert database_port is not None
    with (
        closing(Proxy(amqp_port)) as broker,
        closing(Proxy(database_port)) as database,
        running_system(amqp_url, migrated_postgresql_url, tmp_path) as system,
    ):
        broker.down()
        database.down()
        rig = Rig(system, broker, database)
        rig.consumer.wait_for_log("the database is away")
        database.up()
        rig.consumer.wait_for_log("the broker is away")
        broker.up()
        rig.send(50)
        rig.wait_until_settled()
        rig.check()


def test_a_long_outage_gives_deliveries_back_once_and_takes_them_again(rig: Rig) -> None:
    assert rig.consumer.stop() == 0
    rig.consumer = rig.start_consumer(module="tests.support.impatient")
    rig.consumer.wait_for_log("consuming")
    rig.database.down()
    rig.send(100)
    rig.consumer.wait_for_log("gave back what was delivered")
    wait_for(lambda: rig.system.waiting() == 100, "everything back in the queue")
    assert get(rig.ports[0], "/readyz")[0] == 503
    rig.database.up()
    rig.wait_until_settled()
    rig.check()
    assert lines(rig.consumer, "gave back") == 1


def start_impatient(rig: Rig) -> None:
    assert rig.consumer.stop() == 0
    rig.consumer = rig.start_consumer(module="tests.support.impatient")
    rig.wait_until_ready()


def test_a_database_that_only_reads_is_away_until_a_new_session_may_write(rig: Rig) -> None:
    start_impatient(rig)
    with rig.system.only_reading():
        rig.wait_until_not_ready("read-only", "read-only")
        rig.send(20)
        wait_for(lambda: "read-only" in get(rig.ports[0], "/readyz")[1], "the reason")
        wait_for(lambda: metric(rig.ports[0], "oldest_waiting_command_seconds") > 0, "an age")
        rig.consumer.wait_for_log("gave back what was delivered")
        hold(5)
        assert get(rig.ports[0], "/readyz")[0] == 503
        assert lines(rig.consumer, "gave back") == 1
    rig.wait_until_settled()
    rig.wait_until_ready()
    rig.check()
    assert lines(rig.consumer, "the database is away") == 1
    assert lines(rig.consumer, '"the database is back"') == 1


def test_nothing_is_taken_again_before_the_work_that_failed_would_pass(rig: Rig) -> None:
    with rig.system.locked("inbox"):
        rig.send(1)
        rig.wait_until_not_ready("the database does not take our work")
        rig.consumer.wait_for_log("the database is away")
        rig.broker.reset()  # as a broker does that has waited too long for an ack
        rig.consumer.wait_for_log("the broker is away")
        hold(5)
        assert lines(rig.consumer, '"consuming"') == 1
        assert get(rig.ports[0], "/readyz")[0] == 503
    rig.wait_until_settled()
    rig.check()
    assert lines(rig.consumer, "the database is away") == 1
    assert lines(rig.consumer, '"the database is back"') == 1


@pytest.mark.parametrize("consumers", [1, 2])
def test_one_locked_row_delays_only_its_own_commands(rig: Rig, consumers: int) -> None:
    for _ in range(consumers - 1):
        rig.consumers.append(rig.system.start("consume", **rig.behind))
    with rig.system.locked_row("things", rig.things[0]):
        done = rig.subscriber.distinct()
        rig.send(200)  # ten of them for the locked one
        wait_for(lambda: rig.subscriber.distinct() >= done + 190, "the neighbours", 15)
        waiting = "a command waits for a lock"
        wait_for(lambda: any(waiting in c.log() for c in rig.consumers), waiting)
        assert rig.system.count("retries") == 0
    wait_for(lambda: rig.subscriber.distinct() >= done + 200, "the others", 10)
    rig.wait_until_settled()
    rig.check()


def test_a_database_that_is_slow_with_each_row_gets_small_batches(rig: Rig) -> None:
    rig.system.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END $$;"
        " CREATE TRIGGER slow BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION slow()"
    )
    rig.send(80)  # 8 seconds of sleep: five for a full batch, more than the deadline
    rig.wait_until_settled(30)
    rig.check()
    assert rig.system.count("retries") == 0
