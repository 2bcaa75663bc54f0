"""An earlier release: its code, out of the repository's history, and what it left behind, as files.

Each has a folder: `topology.json` holds what it declares, and for each kind of database there is a
dump (`.sql`), and what it knew of its commands, with the messages in its queues (`.json`).
"""

import base64
import json
import sqlite3
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pika
import psycopg

from tests.support.system import ROOT, System

FOLDER = Path(__file__).parent / "releases"
NAME = "t0123456789"  # stands for the component's name in the files


@dataclass(frozen=True)
class Release:
    """One of the folders, which is named after the commit."""

    commit: str

    @property
    def folder(self) -> Path:
        return FOLDER / self.commit

    def check_out(self, folder: Path) -> Path:
        """Put its code into this folder. Raises `CalledProcessError` where the history is cut."""
        git = ["git", "-C", ROOT, "archive", self.commit]
        packed = subprocess.run(git, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=packed, check=True)
        return folder

    @property
    def is_in_history(self) -> bool:
        git = ["git", "-C", ROOT, "cat-file", "-e", self.commit]
        return subprocess.run(git, capture_output=True, check=False).returncode == 0

    @cached_property
    def topology(self) -> dict[str, list[dict[str, Any]]]:
        """What it declares, by the major version of RabbitMQ that it does it on."""
        return dict(json.loads((self.folder / "topology.json").read_text()))

    def left_behind(self, kind: str, system: System) -> dict[str, Any]:
        """Put back database and queues as it left them; return what it knew of its commands."""
        recorded = (self.folder / f"{kind}.json").read_text().replace(NAME, system.name)
        dump = (self.folder / f"{kind}.sql").read_text().replace(NAME, system.name)
        _restore(system.database_url, dump)
        content: dict[str, Any] = json.loads(recorded)
        with pika.BlockingConnection(pika.URLParameters(system.amqp_url)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for message in content["messages"]:
                queue, properties, body = _message(message)
                channel.basic_publish("", queue, body, properties, mandatory=True)
        return content

    def declare(self, system: System, major_version: str) -> None:
        """Declare its topology as it does on this RabbitMQ."""
        declared = json.dumps(self.topology[major_version]).replace(NAME, system.name)
        with pika.BlockingConnection(pika.URLParameters(system.amqp_url)) as connection:
            channel = connection.channel()
            for declaration in json.loads(declared):
                getattr(channel, declaration.pop("method"))(**declaration)


RELEASES = [Release(folder.name) for folder in sorted(FOLDER.glob("*")) if folder.is_dir()]


def as_text(queue: str, properties: pika.BasicProperties, body: bytes) -> dict[str, Any]:
    """Return a message as JSON knows it."""
    known = {k: v for k, v in vars(properties).items() if v is not None}
    known.get("headers", {}).pop("x-delivery-count", None)  # of this delivery, not of the message
    return {
        "queue": queue,
        "body": base64.b64encode(body).decode(),
        "properties": json.loads(
            json.dumps(known, default=lambda time: {"time": time.timestamp()})
        ),
    }


def _message(text: dict[str, Any]) -> tuple[str, pika.BasicProperties, bytes]:
    properties = json.loads(json.dumps(text["properties"]), object_hook=_time)
    return text["queue"], pika.BasicProperties(**properties), base64.b64decode(text["body"])


def _time(content: dict[str, Any]) -> object:
    return datetime.fromtimestamp(content["time"], UTC) if [*content] == ["time"] else content


def _restore(database_url: str, dump: str) -> None:
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"))
        connection.executescript(dump)
        connection.close()
        return
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as session:
        session.execute(dump.encode())


def lines(dump: str) -> Iterable[str]:
    """Return a dump without what only psql understands."""
    return (line for line in dump.splitlines() if not line.startswith("\\"))
