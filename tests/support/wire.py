"""A command's whole way, from the message that is sent to the events that come out."""

import json
from abc import ABC, abstractmethod
from importlib import import_module
from typing import Any, NamedTuple
from uuid import uuid4

from persistence.database import Database
from persistence.outbox import outbox
from tests.support.component import rows, settings
from tests.support.foreign import Sent
from tests.support.messages import message
from tests.support.system import System
from tests.support.waiting import wait_for
from worker.component import Component
from worker.composition import compose
from worker.consumer.processor import Processor
from worker.consumer.reading import Reader


class Published(NamedTuple):
    """An event as its subscribers get it."""

    type: str
    body: dict[str, Any]
    headers: dict[str, Any]


class Wire(ABC):
    """Sends commands to a component, and hears what it announces."""

    def send(self, type: str, *, version: int = 1, **fields: Any) -> list[Published]:
        """Send one command, and return the events that came of it; UUIDs may be given as such."""
        body = json.loads(json.dumps({"command_id": uuid4(), **fields}, default=str))
        headers = {"schema-version": version}
        return self._heard(Sent(type, body, {"headers": headers}))

    @abstractmethod
    def _heard(self, command: Sent) -> list[Published]:
        """Send the command, and return what came of it."""


class WireWithoutServers(Wire):
    """Codec, facade, inbox and outbox in this process; nothing is published."""

    def __init__(self, database: Database, aggregates: str) -> None:
        """`aggregates`: the module that lists them."""
        url = database.url.render_as_string(hide_password=False)
        self.component: Component = compose(settings(url), import_module(aggregates).AGGREGATES)
        self.component.database.dispose()
        self.component.database = database  # the fixture disposes of it

    def _heard(self, command: Sent) -> list[Published]:
        reader = Reader(self.component.codec, self.component.settings.max_message_bytes)
        received = reader.read(message(command.type, command.body, **command.properties))
        database, before = self.component.database, len(rows(self.component.database, outbox))
        Processor(self.component).apply([received])
        return [
            Published(row["type"], json.loads(row["body"]), row["headers"])
            for row in rows(database, outbox)[before:]
        ]


class WireWithServers(Wire):
    """A consumer and a relay as processes, with a broker between them and us."""

    def __init__(self, system: System) -> None:
        """`system` is running."""
        self._sender, self._subscriber = system.sender(), system.subscriber()
        self._system = system

    def _heard(self, command: Sent) -> list[Published]:
        self._sender.send([command])
        wait_for(lambda: self._of(command), f"the outcome of {command.type}")
        # The events of one command are committed together.
        wait_for(lambda: self._system.count("outbox") == 0, "all events")
        self._subscriber.all()
        return self._of(command)

    def _of(self, command: Sent) -> list[Published]:
        return [
            Published(heard.type, heard.body, heard.headers)
            for heard in list(self._subscriber.heard)
            if heard.headers.get("causation-id") == command.command_id
        ]
