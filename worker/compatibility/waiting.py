"""Commands that wait among retries and dead letters, and that the code at hand cannot read."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from persistence.database import Database
from persistence.messages import StoredCommand
from persistence.sent_again import Waiting, waiting
from schemas.exceptions import Undecodable
from worker.amqp.wire import Message, properties_of_command, received
from worker.component import Component
from worker.consumer.reading import Reader
from worker.relay.unsendable import SENT_AS

# What was no command when it came cannot have become one less readable.
_NEVER_READ = {"malformed", "unknown-type", "invalid", "too-large", "command-id-reused"}


class Unreadable(NamedTuple):
    place: str
    type: str
    version: object
    reason: str


def unreadable(component: Component, database: Database) -> Counter[Unreadable]:
    """Return how many there are, by place, type, version and reason."""
    reader = Reader(component.codec, component.settings.max_message_bytes)
    found: Counter[Unreadable] = Counter()
    for place, message in _commands(database, component.settings.component_name):
        fault = reader.read(message).fault
        if isinstance(fault, Undecodable):
            version = message.headers.get("schema-version", 1)
            found[Unreadable(place, message.type or "no type", version, fault.reason)] += 1
    return found


def _commands(database: Database, name: str) -> Iterator[tuple[str, Message]]:
    for row in waiting(database, name):
        if _was_command(row):
            properties = properties_of_command(StoredCommand(row.body, row.properties))
            yield (
                ("retries" if row.kind is None else "dead letters"),
                received(properties, row.body),
            )


def _was_command(row: Waiting) -> bool:
    is_whole = row.body_bytes is None or row.body_bytes == len(row.body)
    return is_whole and row.kind not in _NEVER_READ and SENT_AS not in row.properties
