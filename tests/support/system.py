"""The component under test, as real processes with names of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pika
from sqlalchemy import NullPool, create_engine, make_url, text

from tests.sample.things import make_table
from tests.support.foreign import Sender, Sent, Subscriber
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[2]


class System:
    """One component: its queue, exchange, database and processes."""

    def __init__(self, amqp_url: str, database_url: str, folder: Path, **settings: str) -> None:
        self.name = f"t{uuid4().hex[:10]}"
        self.amqp_url = amqp_url
        self.database_url = database_url
        self.queue = f"{self.name}.commands"
        self.exchange = f"{self.name}.events"
        self.folder = folder
        self._environment = {
            **os.environ,
            "AMQP_URL": amqp_url,
            "DATABASE_URL": database_url,
            "COMPONENT_NAME": self.name,
            "AGGREGATES": "tests.sample.things",
            "LOG_FORMAT": "json",
            "PYTHONWARNINGS": "error",
            **settings,
        }
        self._engine = create_engine(database_url, poolclass=NullPool)  # servers come and go
        self._processes: list[Process] = []
        self._logs = 0
        self._closing = ExitStack()

    def call(self, *arguments: str, root: Path = ROOT, **settings: str) -> str:
        """Run one command of the worker to its end and return what it printed.

        `root`: where the worker's code is; other than ours, it is another release.
        """
        return subprocess.run(
            [sys.executable, "-m", "worker", *arguments],
            env={**self._environment, **settings},
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout

    def migrate(self) -> str:
        """Migrate, and make the table of the aggregate; return what was printed."""
        said = self.call("migrate")
        make_table(self._engine)
        return said

    def declare(self) -> None:
        """Declare the topology of the public interface, so that senders may come first."""
        quorum = {"x-queue-type": "quorum"}
        backstop = f"{self.queue}.dead"
        with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
            channel = connection.channel()
            channel.exchange_declare(self.exchange, "fanout", durable=True)
            limits = {
                "x-delivery-limit": 20,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": backstop,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            }
            channel.queue_declare(self.queue, durable=True, arguments={**quorum, **limits})

    def start(
        self,
        *arguments: str,
        module: str = "worker",
        root: Path = ROOT,
        output: Path | None = None,
        **settings: str,
    ) -> "Process":
        """Start a process of the component and return at once; `output`: where its log goes."""
        self._logs += 1
        log = self.folder / f"{self._logs}-{arguments[0]}.log"
        log.touch()
        with (output or log).open("wb") as file:
            popen = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env={**self._environment, **settings},
                cwd=root,
                stdout=file,
                stderr=file,
            )
        self._processes.append(Process(arguments[0], popen, log))
        return self._processes[-1]

    def stop(self, role: str) -> None:
        """Let the processes of this role finish what they have."""
        for process in self._processes:
            if process.role == role and process.code is None:
                assert process.stop() == 0, process.log()

    def sender(self) -> Sender:
        return self._closing.enter_context(closing(Sender(self.amqp_url, self.queue)))

    def subscriber(self) -> Subscriber:
        """Return a subscriber of the event exchange."""
        return self._closing.enter_context(closing(Subscriber(self.amqp_url, self.exchange)))

    def small_subscriber(self, room: int) -> Subscriber:
        """Return a subscriber whose queue refuses what it has no room for."""
        return self._closing.enter_context(closing(Subscriber(self.amqp_url, self.exchange, room)))

    def full_queue(self) -> str:
        """Return the name of a queue that holds one message and refuses all others."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp_url))
        self._closing.enter_context(connection)
        limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
        answer = connection.channel().queue_declare("", exclusive=True, arguments=limits)
        return str(answer.method.queue)

    def replies(self) -> Subscriber:
        """Return what listens on a queue for replies."""
        return self._closing.enter_context(closing(Subscriber(self.amqp_url)))

    def query(self, sql: str, **parameters: object) -> list[tuple[object, ...]]:
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), parameters)]

    def execute(self, sql: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(text(sql))

    def count(self, table: str, where: str = "true") -> int:
        return int(str(self.query(f"SELECT count(*) FROM {table} WHERE {where}")[0][0]))

    def waiting(self, queue: str | None = None) -> int:
        """Return how many messages wait in a queue, by default in the command queue."""
        with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
            answer = connection.channel().queue_declare(queue or self.queue, passive=True)
            return int(answer.method.message_count)

    def broker_version(self) -> tuple[int, ...]:
        with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
            properties = connection._impl.server_properties  # pika has no other way to ask
            return tuple(int(number) for number in properties["version"].split(".")[:2])

    def send_to(self, queue: str, command: Sent) -> None:
        with closing(Sender(self.amqp_url, queue)) as sender:
            sender.send([command])

    def take_and_die(self, queue: str) -> None:
        """Take the message that a queue has, and let go of it as a consumer that dies does."""
        with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
            channel = connection.channel()
            wait_for(lambda: channel.basic_get(queue)[0], f"a message in {queue}")

    def delete_queue(self, queue: str | None = None) -> None:
        with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
            connection.channel().queue_delete(queue or self.queue)

    @contextmanager
    def command_queue_full(self) -> Iterator[None]:
        """Have another program's messages fill the command queue, by a queue of the same name."""
        with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
            channel = connection.channel()
            full = {"x-max-length": 1, "x-overflow": "reject-publish"}
            channel.queue_delete(self.queue)
            channel.queue_declare(self.queue, arguments=full)
            channel.confirm_delivery()
            with suppress(pika.exceptions.NackError):
                for _ in range(10):
                    channel.basic_publish("", self.queue, b"{}")
            yield
            channel.queue_delete(self.queue)
            self.declare()

    def queue_exists(self, queue: str | None = None) -> bool:
        try:
            return self.waiting(queue) >= 0
        except pika.exceptions.ChannelClosedByBroker:
            return False

    def has_consumer(self, queue: str) -> bool:
        """Tell whether somebody consumes from a queue; nobody does from one that is not there."""
        try:
            with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
                answer = connection.channel().queue_declare(queue, passive=True)
                return int(answer.method.consumer_count) > 0
        except pika.exceptions.ChannelClosedByBroker:
            return False

    @contextmanager
    def only_reading(self) -> Iterator[None]:
        """Let new sessions of the database only read, and end those that may write."""
        name = make_url(self.database_url).database
        setting = f'ALTER DATABASE "{name}" %s default_transaction_read_only'
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        self.execute((setting % "SET") + " = on")
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        try:
            yield
        finally:
            self.execute(f"SET TRANSACTION READ WRITE; {setting % 'RESET'}")

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Hold every row of a table, as a backup or a change of the table may."""
        with self._engine.begin() as connection:
            connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            yield

    @contextmanager
    def locked_row(self, table: str, row_id: str) -> Iterator[None]:
        """Hold one row, as somebody in the middle of a transaction does."""
        with self._engine.begin() as connection:
            query = text(f"SELECT FROM {table} WHERE id = :id FOR UPDATE")
            assert connection.execute(query, {"id": row_id}).all()
            yield

    def close(self) -> None:
        for process in self._processes:
            if process.code is None:
                process.signal(signal.SIGKILL)
            process.wait()
        self._closing.close()
        self._engine.dispose()
        with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
            channel = connection.channel()
            for queue in (self.queue, f"{self.queue}.dead"):
                channel.queue_delete(queue)
            channel.exchange_delete(self.exchange)


class Process:
    """A process under test."""

    def __init__(self, role: str, popen: "subprocess.Popen[bytes]", log: Path) -> None:
        self.role = role
        self._popen = popen
        self._log = log
        self._read = 0

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def code(self) -> int | None:
        """Return the exit code, or None while the process runs."""
        return self._popen.poll()

    def log(self) -> str:
        return self._log.read_text()

    def complaints(self) -> int:
        """Return how many warnings and errors it has logged since the last call.

        Attempts that fail are left out: they are the handler's affair.
        """
        with self._log.open("rb") as log:
            log.seek(self._read)
            lines = log.read().splitlines(keepends=True)
        complete = [line for line in lines if line.endswith(b"\n")]
        self._read += sum(map(len, complete))
        told = [line for line in complete if b'"attempt failed' not in line]
        return sum(b'"level": "warning"' in x or b'"level": "error"' in x for x in told)

    def wait_for_log(self, words: str, seconds: float = 30) -> None:
        wait_for(lambda: words in self.log() or self.code is not None, f"log {words!r}", seconds)
        assert words in self.log(), self.log()

    def signal(self, number: int) -> None:
        self._popen.send_signal(number)

    def stop(self, seconds: float = 30) -> int:
        """Ask the process to stop and return its exit code."""
        self.signal(signal.SIGTERM)
        return self._popen.wait(seconds)

    def wait(self, seconds: float = 30) -> int:
        return self._popen.wait(seconds)


@contextmanager
def running_system(
    amqp_url: str, database_url: str, folder: Path, **settings: str
) -> Iterator[System]:
    """Yield a component on a migrated database; end its processes afterwards."""
    system = System(amqp_url, database_url, folder, **settings)
    try:
        system.declare()
        yield system
    finally:
        system.close()
