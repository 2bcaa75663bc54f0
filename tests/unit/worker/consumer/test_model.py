"""Any interleaving of commands, copies, failures, losses and replays, against a plain model."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Table, event

from domain.messages import Command
from persistence.columns import metadata
from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.exceptions import Collision, Conflict
from persistence.inbox import inbox
from persistence.outbox import outbox
from persistence.relay_session import RelaySession
from persistence.retries import retries
from persistence.unit_of_work import UnitOfWork
from tests.sample.thing import Create
from tests.sample.thing_table import things
from tests.support.component import component, rows
from tests.support.messages import CREATE, MAX_BYTES, UPDATE, codec, create, message, update
from worker.amqp.wire import Message
from worker.consumer.processor import Processor
from worker.consumer.reading import Reader, Received
from worker.dead.replay import replay
from worker.exceptions import NotReplayable

IDS = [UUID(int=2**100 + i) for i in range(3)]
MAX_ATTEMPTS = 2
EXPIRED = [{"queue": "tests.commands", "reason": "expired"}]


class Crash(BaseException):
    """The process dies here."""


class Known:
    """What must be known of one command."""

    def __init__(self) -> None:
        self.status = "new"
        self.attempt = self.first = 1
        self.failures = 0  # how often it was given up


class Model:
    """What must be true, in plain dictionaries."""

    def __init__(self) -> None:
        self.broken = True  # whether the handler has its bug: it fails for every odd command id
        self.things: dict[UUID, tuple[str | None, int]] = {}
        self.commands: dict[UUID, Known] = defaultdict(Known)

    def fails(self, command: Command) -> bool:
        return self.broken and bool(command.command_id.int % 2)

    def apply(self, received: Received) -> None:
        command, known = received.command, self._waits(received)
        assert command is not None
        if known is None:
            return
        present = self.things.get(command.thing_id)
        if isinstance(command, Create) is bool(present):
            known.status = "rejected"
        elif self.fails(command):
            self._count(known)
        else:
            known.status = "applied"
            version = present[1] + 1 if present else 1
            self.things[command.thing_id] = getattr(command, "value", None), version

    def crash(self, received: Received) -> None:
        known = self._waits(received)
        is_retry = known and known.status == "retrying"
        if known and not (is_retry and "x-death" in received.message.headers):
            self._fail(known)

    def replay(self, command_id: UUID) -> None:
        known = self.commands[command_id]
        known.status, known.attempt = "retrying", known.attempt + 1
        known.first = known.attempt

    def _waits(self, received: Received) -> Known | None:
        """Return what is known of the command, if this is the delivery that it waits for."""
        assert received.command_id is not None
        known = self.commands[received.command_id]
        attempt = received.message.headers.get("retry-attempt")
        waits = known.status == "new" or (known.status == "retrying" and known.attempt == attempt)
        return known if waits else None

    def _count(self, known: Known) -> None:
        if known.attempt - known.first + 1 >= MAX_ATTEMPTS:
            self._fail(known)
        else:
            known.status, known.attempt = "retrying", known.attempt + 1

    def _fail(self, known: Known) -> None:
        known.status, known.failures = "failed", known.failures + 1


class Interleavings(RuleBasedStateMachine):
    """A queue, two consumers, a relay of ours and one of an older release, and a person."""

    database: Database
    other: Database

    @initialize()
    def begin(self) -> None:
        with self.database.engine.begin() as connection:
            for table in (*metadata.sorted_tables, things):
                connection.execute(table.delete())
        self._model = Model()
        self._component = component(self.database, self._sabotage, max_attempts=MAX_ATTEMPTS)
        self._processor = Processor(self._component)
        elsewhere = component(self.other, self._sabotage, max_attempts=MAX_ATTEMPTS)
        self._elsewhere = Processor(elsewhere)
        self._reader = Reader(codec(), MAX_BYTES)
        self._queue: list[Message] = []
        self._sent: list[Message] = []
        self._only_sent: set[tuple[UUID, int]] = set()  # attempts that only the queue knows

    @rule(
        things=strategies.lists(strategies.sampled_from([None, *IDS]), min_size=1, max_size=3),
        is_odd=strategies.sampled_from([True, True, False]),
    )
    def send_creates(self, things: list[UUID | None], is_odd: bool) -> None:
        for thing_id in things:
            content = create(thing_id, command_id=self._id(is_odd))
            if thing_id is None:
                del content["thing_id"]
            self._send(message(CREATE, content))

    @rule(thing_id=strategies.sampled_from(IDS), is_odd=strategies.booleans())
    def send_an_update(self, thing_id: UUID, is_odd: bool) -> None:
        self._send(message(UPDATE, update(thing_id, f"{is_odd}", command_id=self._id(is_odd))))

    @precondition(lambda self: self._sent)
    @rule(data=strategies.data())
    def send_again(self, data: strategies.DataObject) -> None:
        self._queue.append(data.draw(strategies.sampled_from(self._sent)))

    @precondition(lambda self: self._any("retrying"))
    @rule()
    def mend_or_break_the_handler(self) -> None:
        self._model.broken = not self._model.broken

    @precondition(lambda self: self._queue)
    @rule(count=strategies.integers(1, 6), is_acked=strategies.booleans())
    def take_a_batch(self, count: int, is_acked: bool) -> None:
        """Without the ack, the process has died after the commit."""
        batch = self._read(self._queue[:count])
        self._processor.apply(batch)
        self._applied(batch)
        if is_acked:
            del self._queue[:count]

    @precondition(lambda self: self._queue)
    @rule(count=strategies.integers(1, 6))
    def die_before_the_commit(self, count: int) -> None:
        with self._before_the_end(self._die), pytest.raises(Crash):
            self._processor.apply(self._read(self._queue[:count]))

    @precondition(lambda self: self._queue and self.database.is_postgresql)
    @rule(count=strategies.integers(1, 4))
    def two_take_a_batch(self, count: int) -> None:
        """The second has what the first has, and commits before the first writes."""
        messages = self._queue[:count]
        batch = self._read(messages)
        with self._before_the_end(lambda: self._be_faster(self._read(messages))):
            try:
                self._processor.apply(batch)
            except Collision:
                again = True
            else:
                again = False
        if again:
            self._processor.apply(batch)
        self._applied(batch)
        self._queue = [*self._queue[count:], *messages]  # the second's ack was lost

    @precondition(lambda self: self._queue)
    @rule(count=strategies.integers(1, 4), has_expired=strategies.booleans())
    def end_in_the_backstop_queue(self, count: int, has_expired: bool) -> None:
        death = {"x-death": EXPIRED} if has_expired else {}
        ended = [one._replace(headers={**one.headers, **death}) for one in self._queue[:count]]
        batch = self._read(ended)
        self._processor.give_up(batch)
        for received in batch:
            self._model.crash(received)
            self._remembered(received)
        del self._queue[:count]

    @precondition(lambda self: self._any("retrying"))
    @rule(is_older=strategies.sampled_from([False, False, False, True]))
    def relay(self, is_older: bool) -> None:
        """Send every retry, as if its time had come; the older release deletes what it sent."""
        with self.database.engine.begin() as connection:
            connection.execute(retries.update().values(due_at=datetime.now(UTC)))
        with RelaySession(self.database, "tests") as session:
            due = session.due(100)
            if not is_older:
                session.sent_retries(row.id for row in due)
        if is_older:
            with self.database.engine.begin() as connection:
                connection.execute(retries.delete())
            self._only_sent |= {(row.command_id, row.attempt) for row in due}
        self._queue += [message(body=row.command.body, **row.command.properties) for row in due]

    @precondition(lambda self: self._queue)
    @rule()
    def lose_the_queue(self) -> None:
        self._queue.clear()

    @precondition(lambda self: self._any("failed"))
    @rule(data=strategies.data())
    def replay(self, data: strategies.DataObject) -> None:
        letter = data.draw(strategies.sampled_from(self._rows(dead_letters)))
        replay(self._component, letter["id"])
        self._model.replay(letter["command_id"])
        with pytest.raises(NotReplayable):
            replay(self._component, letter["id"])

    @invariant()
    def the_tables_are_what_the_model_says(self) -> None:
        known = {row["command_id"]: (row["status"], row["attempt"]) for row in self._rows(inbox)}
        commands = self._model.commands.items()
        assert known == {one: (k.status, k.attempt) for one, k in commands if k.status != "new"}
        found = {row["id"]: (row["value"], row["version"]) for row in self._rows(things)}
        assert found == self._model.things
        letters = sorted(row["command_id"] for row in self._rows(dead_letters))
        assert letters == sorted(one for one, k in commands if k.status == "failed")

    @invariant()
    def every_command_that_has_ended_has_one_outcome(self) -> None:
        heard = Counter(
            (json.loads(row["body"])["command_id"], row["type"].partition(".")[0])
            for row in self._rows(outbox)
        )
        for command_id, known in self._model.commands.items():
            outcomes = [heard[f"{command_id}", kind] for kind in ("thing", "CommandRejected")]
            assert outcomes == [known.status == "applied", known.status == "rejected"]
            assert heard[f"{command_id}", "CommandFailed"] == known.failures

    @invariant()
    def who_waits_has_a_way_on_and_nobody_else_has_a_retry(self) -> None:
        commands = self._model.commands.items()
        waiting = {(one, k.attempt) for one, k in commands if k.status == "retrying"}
        stored = {(row["command_id"], row["attempt"]) for row in self._rows(retries)}
        queued = {
            (UUID(json.loads(one.body)["command_id"]), one.headers.get("retry-attempt"))
            for one in self._queue
        }
        assert stored <= waiting
        assert waiting - stored - queued <= self._only_sent

    @invariant()
    def no_command_is_tried_too_often(self) -> None:
        for known in self._model.commands.values():
            assert known.attempt - known.first < MAX_ATTEMPTS

    @invariant()
    def the_events_of_a_thing_are_stored_in_their_order(self) -> None:
        versions: dict[Any, list[int]] = defaultdict(list)
        for row in self._rows(outbox):
            if row["aggregate_id"]:
                versions[row["aggregate_id"]].append(row["headers"]["aggregate-version"])
        for thing_id, (_, version) in self._model.things.items():
            assert versions[thing_id] == list(range(1, version + 1))

    def _id(self, is_odd: bool) -> str:
        return str(UUID(int=2 * len(self._sent) + is_odd))

    def _any(self, status: str) -> bool:
        return any(known.status == status for known in self._model.commands.values())

    def _rows(self, table: Table) -> list[dict[str, Any]]:
        return rows(self.database, table)

    def _send(self, one: Message) -> None:
        self._sent.append(one)
        self._queue.append(one)

    def _read(self, messages: Sequence[Message]) -> list[Received]:
        return [self._reader.read(one) for one in messages]

    def _applied(self, batch: Sequence[Received]) -> None:
        for received in batch:
            self._model.apply(received)
            self._remembered(received)

    def _remembered(self, received: Received) -> None:
        """A copy of the sender's brings back the retry that was lost."""
        if "retry-attempt" not in received.message.headers:
            id_ = received.command_id
            self._only_sent = {one for one in self._only_sent if one[0] != id_}

    def _be_faster(self, batch: Sequence[Received]) -> None:
        try:
            self._elsewhere.apply(batch)
        except Conflict:  # the first has locked a thing
            return
        self._applied(batch)

    def _before_the_end(self, do: Callable[[], object]) -> Any:
        """Have this done before the next unit of work writes."""
        write = UnitOfWork._write

        def first(unit: UnitOfWork) -> None:
            with patch.object(UnitOfWork, "_write", write):
                do()
            write(unit)

        return patch.object(UnitOfWork, "_write", first)

    def _die(self) -> None:
        raise Crash

    def _sabotage(self, command: Command) -> None:
        if self._model.fails(command):
            raise RuntimeError("the handler has a bug")


def impatient(connection: Any, record: object) -> None:
    connection.execute("SET lock_timeout = 50")
    connection.commit()


def test_any_interleaving_does_what_the_model_says(database):
    with Database(database.url.render_as_string(hide_password=False)) as other:
        if database.is_postgresql:
            event.listen(other.engine, "connect", impatient)
        examples = 15 if database.is_postgresql else 30  # each takes about twice as long there
        machine = type("Machine", (Interleavings,), {"database": database, "other": other})
        run_state_machine_as_test(
            machine, settings=settings(max_examples=examples, stateful_step_count=40, deadline=None)
        )
