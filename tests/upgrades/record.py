"""Records what a release leaves behind: `python -m tests.upgrades.record COMMIT`.

Its own code runs, as processes, on real servers; what is in its tables and queues then is written
into `releases/COMMIT`. A release is recorded once, when it is made; its files stay as they are.
"""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pika

from tests.support.foreign import Sent
from tests.support.postgresql import PostgreSQLServer
from tests.support.system import System
from tests.support.waiting import wait_for
from tests.upgrades.commands import create, update
from tests.upgrades.release import NAME, Release, as_text, lines
from tools.postgresql import postgresql_programs
from tools.servers import postgresql, rabbitmq

MISBEHAVING = "tests.support.misbehaving"
TOPOLOGY = """
import json, sys
from types import SimpleNamespace
from tests.support.component import settings
from worker.amqp.topology import declare
class Names:
    def __getattr__(self, name): return name
class Broker:
    def __init__(self, version): self.major_version, self.calls = version, []
    def call(self, method, **arguments): self.calls.append({"method": method, **arguments})
names = {"command_queue": sys.argv[1] + ".commands", "event_exchange": sys.argv[1] + ".events"}
def calls(version):
    broker = Broker(version)
    declare(broker, Names(), settings(component_name=sys.argv[1], **names))
    return broker.calls
print(json.dumps({version: calls(int(version)) for version in ("3", "4")}, indent=1))
"""


class Scene:
    """The release at work: it leaves something of every kind behind."""

    def __init__(self, system: System, root: Path) -> None:
        self._system, self._root = system, root
        self.expected: dict[str, str] = {}  # how each command ends at last

    def play(self) -> list[dict[str, object]]:
        """Return the messages that are left in the queues."""
        system, root = self._system, self._root
        for command in ("migrate", "declare"):
            system.call(command, root=root)
        self.entity = str(uuid4())
        self.settled = create(self.entity)
        self._work([self.settled, update(self.entity, "one")], ending="applied")
        self.failed = update(self.entity, "bug")
        self._work([self.failed], ending="failed", MAX_ATTEMPTS="1")
        self._work([update(str(uuid4()), "of nobody")], ending="rejected")
        self._relay()  # what has been heard before the upgrade
        self._work([update(self.entity, "bug until 2")], "retrying", RETRY_DELAYS="0")
        self._relay()
        messages = self._take(system.queue)
        self._work([update(self.entity, "bug until 2")], "retrying", RETRY_DELAYS="0")
        self._work([update(self.entity, f"value {n}") for n in range(20)], ending="applied")
        self._work([update(str(uuid4()), "of nobody")], ending="rejected")
        self._send([create(), update(self.entity, "last", reply_to="nobody")], "applied")
        messages += self._take(system.queue)
        self._send([create()], "failed")
        self._kill_takers()
        return messages + self._take(f"{system.queue}.dead")

    def _work(self, commands: list[Sent], ending: str, **settings: str) -> None:
        """Let a consumer apply commands until they have ended so; nothing is published."""
        system = self._system
        done = system.count("inbox", f"status = '{ending}'") + len(commands)
        consumer = system.start("consume", module=MISBEHAVING, root=self._root, **settings)
        self._send(commands, "applied" if ending == "retrying" else ending)
        wait_for(lambda: system.count("inbox", f"status = '{ending}'") == done, ending)
        assert consumer.stop() == 0, consumer.log()
        wait_for(lambda: system.waiting() == 0, "an empty queue")

    def _send(self, commands: list[Sent], ending: str) -> None:
        self._system.sender().send(commands)
        self.expected.update({command.command_id: ending for command in commands})

    def _relay(self) -> None:
        system = self._system
        relay = system.start("relay", root=self._root)
        wait_for(lambda: system.count("outbox") == system.count("retries") == 0, "all published")
        assert relay.stop() == 0, relay.log()

    def _take(self, queue: str) -> list[dict[str, object]]:
        with pika.BlockingConnection(pika.URLParameters(self._system.amqp_url)) as connection:
            taken = [*iter(lambda: connection_get(connection, queue), None)]
        assert taken, f"nothing was in {queue}"
        return taken

    def _kill_takers(self) -> None:
        """Take the command as often as its limit allows, and let go of it each time."""
        system = self._system
        for _ in range(21):
            system.take_and_die(system.queue)
        wait_for(lambda: system.waiting(f"{system.queue}.dead") == 1, "one in the backstop queue")


def connection_get(connection: pika.BlockingConnection, queue: str) -> dict[str, object] | None:
    method, properties, body = connection.channel().basic_get(queue, auto_ack=True)
    return as_text(queue, properties, body) if method else None


def main(commit: str) -> None:
    """Record this release with both kinds of database."""
    release = Release(commit)
    release.folder.mkdir(parents=True)
    with rabbitmq() as amqp_url, postgresql() as server, TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "code").mkdir()
        root = release.check_out(folder / "code")
        words = [sys.executable, "-c", TOPOLOGY, NAME]
        declared = subprocess.run(words, cwd=root, check=True, capture_output=True, text=True)
        (release.folder / "topology.json").write_text(declared.stdout)
        ours = {"AGGREGATES": "worker.aggregates"}
        file = System(amqp_url, f"sqlite:///{folder}/component.db", folder, **ours)
        _record(release, "sqlite", file, root)
        with PostgreSQLServer(server).database() as url:
            _record(release, "postgresql", System(amqp_url, url, folder, **ours), root)


def _record(release: Release, kind: str, system: System, root: Path) -> None:
    with closing(system):
        scene = Scene(system, root)
        messages = scene.play()
        content = {
            "entity": scene.entity,
            "settled": vars(scene.settled),
            "failed": scene.failed.command_id,
            "expected": scene.expected,
            "messages": messages,
        }
        for suffix, text in {"json": json.dumps(content, indent=1), "sql": _dump(system)}.items():
            path = release.folder / f"{kind}.{suffix}"
            path.write_text(_anywhere(text, root).replace(system.name, NAME) + "\n")


def _anywhere(text: str, root: Path) -> str:
    """Return it without the paths of this machine, which are in tracebacks."""
    return text.replace(f"{root}/", "").replace(sys.base_prefix, "/usr")


def _dump(system: System) -> str:
    url = system.database_url
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return "\n".join(connection.iterdump())
    programs = postgresql_programs()
    assert programs, "pg_dump is not installed"
    options = ("--inserts", "--no-owner", "--no-privileges")
    words = [programs / "pg_dump", *options, url.replace("+psycopg", "")]
    dump = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return "\n".join(lines(dump))


if __name__ == "__main__":
    main(sys.argv[1])
