"""Any interleaving of commands, repeats, failures and crashes, against a plain model."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.entity.commands import UpdateValue
from domain.messages import Command
from persistence.database import Database
from persistence.entity.table import entities
from persistence.inbox import inbox
from persistence.outbox import outbox
from persistence.schema import migrate
from persistence.unit_of_work import UnitOfWork
from tests.support.component import component, rows
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.processor import Processor
from worker.reading import Received

IDS = [uuid4() for _ in range(3)]


class Crash(BaseException):
    """The process dies here."""


def sabotage(command: Command) -> None:
    if isinstance(command, UpdateValue) and command.value == "bug":
        raise RuntimeError("the handler has a bug")


class Model:
    """What must be true, in plain dictionaries."""

    def __init__(self) -> None:
        self.entities: dict[UUID, tuple[str | None, int]] = {}
        self.endings: dict[UUID, str] = {}
        self.letters = 0

    def apply(self, received: Received) -> None:
        command_id = received.command_id
        assert command_id is not None
        if command_id in self.endings:
            return
        content = json.loads(received.message.body)
        entity_id = UUID(content["entity_id"])
        known = self.entities.get(entity_id)
        if received.message.type == CREATE:
            self._end(command_id, entity_id, known is None, (None, 1))
        elif content["value"] == "bug" and known:
            self.endings[command_id] = "failed"
            self.letters += 1
        else:
            version = known[1] + 1 if known else 0
            self._end(command_id, entity_id, known is not None, (content["value"], version))

    def _end(
        self, command_id: UUID, entity_id: UUID, allowed: bool, state: tuple[str | None, int]
    ) -> None:
        self.endings[command_id] = "applied" if allowed else "rejected"
        if allowed:
            self.entities[entity_id] = state


class Interleavings(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._database = Database(f"sqlite:///{Path(self._folder.name) / 'component.db'}")
        migrate(self._database)
        self._processor = Processor(component(self._database, sabotage, max_attempts=1))
        self._model = Model()
        self._queue: list[Received] = []
        self._sent: list[Received] = []

    def teardown(self) -> None:
        self._database.dispose()
        self._folder.cleanup()

    @rule(entity_id=strategies.sampled_from(IDS))
    def send_a_create(self, entity_id: UUID) -> None:
        self._send(read(CREATE, create(entity_id)))

    @rule(entity_id=strategies.sampled_from(IDS), value=strategies.sampled_from(["a", "b", "bug"]))
    def send_an_update(self, entity_id: UUID, value: str) -> None:
        self._send(read(UPDATE, update(entity_id, value)))

    @precondition(lambda self: self._sent)
    @rule(data=strategies.data())
    def send_again(self, data: strategies.DataObject) -> None:
        self._queue.append(data.draw(strategies.sampled_from(self._sent)))

    @precondition(lambda self: self._queue)
    @rule(count=strategies.integers(1, 6))
    def take_a_batch(self, count: int) -> None:
        self._processor.apply(self._queue[:count])
        self._settled(count)
        del self._queue[:count]

    @precondition(lambda self: self._queue)
    @rule(count=strategies.integers(1, 6))
    def die_before_the_commit(self, count: int) -> None:
        self._die(count, lambda write, unit: (write(unit), self._crash()))

    @precondition(lambda self: self._queue)
    @rule(count=strategies.integers(1, 6))
    def die_between_commit_and_ack(self, count: int) -> None:
        self._processor.apply(self._queue[:count])
        self._settled(count)

    @invariant()
    def the_tables_are_what_the_model_says(self) -> None:
        found = {
            row["id"]: (row["value"], row["version"]) for row in rows(self._database, entities)
        }
        assert found == self._model.entities
        endings = {row["command_id"]: row["status"] for row in rows(self._database, inbox)}
        assert endings == self._model.endings

    @invariant()
    def the_events_of_an_entity_are_stored_in_their_order(self) -> None:
        versions: dict[Any, list[int]] = defaultdict(list)
        for row in rows(self._database, outbox):
            if row["aggregate_id"]:
                headers = row["headers"]
                versions[row["aggregate_id"]].append(headers["aggregate-version"])
        for entity_id, (_, version) in self._model.entities.items():
            assert versions[entity_id] == list(range(1, version + 1))

    def _send(self, received: Received) -> None:
        self._sent.append(received)
        self._queue.append(received)

    def _settled(self, count: int) -> None:
        for received in self._queue[:count]:
            self._model.apply(received)

    def _die(self, count: int, write: Callable[[Any, UnitOfWork], object]) -> None:
        original = UnitOfWork._write
        with patch.object(UnitOfWork, "_write", lambda unit: write(original, unit)):
            try:
                self._processor.apply(self._queue[:count])
            except Crash:
                return
        raise AssertionError("the process did not die")

    def _crash(self) -> None:
        raise Crash


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
