"""The clients of `examples/`, as processes beside a component."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pika

from tests.support.project import PYTHON, ROOT
from tests.support.system import System
from tests.support.waiting import wait_for
from tools.node import node_modules

LIBRARIES = ("pika", "aio_pika", "amqplib")


class Client:
    """A client that runs; `lines`: what it has printed so far, complaints apart."""

    def __init__(self, words: list[str], output: Path) -> None:
        environment = {**os.environ, "NODE_PATH": str(node_modules(print)), "PYTHONUNBUFFERED": "1"}
        self._output = output
        self._errors = output.with_suffix(".errors")
        with output.open("a") as out, self._errors.open("a") as err:
            self._popen = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=out, stderr=err)

    @property
    def lines(self) -> list[str]:
        return self._output.read_text().splitlines()

    @property
    def complaints(self) -> str:
        return self._errors.read_text()

    def wait_until_done(self, seconds: float = 60) -> None:
        """Fail, with what it complained of, if it does not end well in time."""
        try:
            code = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        assert code == 0, f"{code}: {self.complaints[-2000:]}"

    def kill(self) -> None:
        self._popen.send_signal(signal.SIGKILL)
        self._popen.wait(10)


class Clients:
    """Starts clients of one component; `library` is one of `LIBRARIES`."""

    def __init__(self, system: System, folder: Path) -> None:
        self._system = system
        self._folder = folder
        self.started: list[Client] = []

    def publisher(self, library: str, commands: int) -> Client:
        return self._start(library, "publisher", self.outbox(library), commands)

    def outbox(self, library: str) -> Path:
        return self._folder / f"{library}-outbox"

    def request(self, library: str, commands: int) -> Client:
        return self._start(library, "request", commands)

    def subscriber(self, library: str) -> Client:
        """Start a subscriber, or start it again on what it knows, and return when it listens."""
        queue = f"{self._system.name}.{library}"
        client = self._start(library, "subscriber", queue, self._folder / f"{library}-known")
        wait_for(lambda: self._listens(queue), f"a consumer of {queue}")
        return client

    def _listens(self, queue: str) -> bool:
        """Tell whether the queue has a consumer: then it is bound, too."""
        try:
            with pika.BlockingConnection(pika.URLParameters(self._system.amqp_url)) as connection:
                answer = connection.channel().queue_declare(queue, passive=True)
                return bool(answer.method.consumer_count)
        except pika.exceptions.ChannelClosedByBroker:
            return False

    def _start(self, library: str, program: str, *arguments: object) -> Client:
        if library == "amqplib":
            words = ["node", f"examples/with_amqplib/{program}.js"]
        else:
            words = [str(PYTHON), "-m", f"examples.with_{library}.{program}"]
        words += [self._system.amqp_url, self._system.name, *map(str, arguments)]
        self.started.append(Client(words, self._folder / f"{library}-{program}.log"))
        return self.started[-1]


@contextmanager
def clients_of(system: System, folder: Path) -> Iterator[Clients]:
    """Yield what starts clients; kill those that still run at the end, and drop their queues."""
    clients = Clients(system, folder)
    try:
        yield clients
    finally:
        for client in clients.started:
            client.kill()
        for library in LIBRARIES:
            system.delete_queue(f"{system.name}.{library}")
