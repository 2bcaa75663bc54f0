"""How commands end, with a real unit of work: what is in the tables after the commit."""

import json
from asyncio import CancelledError
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from pika import BasicProperties
from sqlalchemy import event
from structlog.testing import capture_logs

from domain.exceptions import DomainError
from domain.messages import Command
from persistence.database import Database
from persistence.dead_letters import EVERY, DeadLetterView, DeadLetterViews, dead_letters
from persistence.exceptions import Refused, StorageUnavailable
from persistence.inbox import inbox
from persistence.messages import OutgoingMessage
from persistence.outbox import outbox
from persistence.relay_session import RelaySession
from persistence.retries import retries
from persistence.unit_of_work import UnitOfWork
from tests.sample.thing_table import things
from tests.support.component import Sabotage, component, rows
from tests.support.messages import CREATE, MAX_BYTES, UPDATE, codec, create, message, read, update
from worker.amqp import wire
from worker.amqp.wire import HISTORY_HEADER, properties_of_message
from worker.consumer.processor import Processor
from worker.consumer.reading import Reader, Received


class Bug(Exception):
    pass


class NotToday(DomainError):
    code = "not-today"


class World:
    """A component with its database, fed with batches."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.processor = Processor(component(database))

    def sabotage(self, sabotage: Sabotage, **settings: Any) -> None:
        """Have this called once a command has been saved; it may raise."""
        self.processor = Processor(component(self.database, sabotage, **settings))

    def apply(self, *batch: Received) -> Counter[str]:
        return self.processor.apply(batch)

    def thing(self) -> UUID:
        """Create a thing and forget about the messages of its creation."""
        thing_id = uuid4()
        self.apply(read(CREATE, create(thing_id)))
        self.forget(outbox)
        return thing_id

    def forget(self, table: Any) -> None:
        with self.database.engine.begin() as connection:
            connection.execute(table.delete())

    def value(self, thing_id: UUID) -> tuple[str | None, int] | None:
        """Return value and version of a thing, or None."""
        found = [row for row in rows(self.database, things) if row["id"] == thing_id]
        return (found[0]["value"], found[0]["version"]) if found else None

    def known(self, received: Received) -> dict[str, Any] | None:
        """Return what the inbox knows of a command."""
        found = [
            row for row in rows(self.database, inbox) if row["command_id"] == received.command_id
        ]
        return found[0] if found else None

    def status(self, received: Received) -> str | None:
        known = self.known(received)
        return known and known["status"]

    def sent(self) -> list[tuple[str | None, str]]:
        """Return (reply_to, type) of what waits to be published."""
        return [(row["reply_to"], row["type"]) for row in rows(self.database, outbox)]

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(row["body"]) for row in rows(self.database, outbox)]

    def letter(self) -> DeadLetterView:
        (letter,) = DeadLetterViews(self.database, "tests").newest(EVERY, 10)
        return letter

    def relay(self) -> list[Received]:
        """Do what the relay does once every retry is due; return what the queue then holds."""
        with self.database.engine.begin() as connection:
            connection.execute(retries.update().values(due_at=datetime.now(UTC)))
        with RelaySession(self.database, "tests") as session:
            due = session.due(100)
            session.sent_retries(row.id for row in due)
        return [read(body=row.command.body, **row.command.properties) for row in due]

    def next_attempt(self) -> Received:
        """Take the one waiting retry as the relay would send it."""
        (row,) = rows(self.database, retries)
        self.forget(retries)
        properties = row["properties"]
        return read(properties.pop("type"), row["body"], **properties)


@pytest.fixture
def world(sqlite: Database) -> World:
    return World(sqlite)


def failing(*values: str) -> Sabotage:
    """Fail for updates to these values, after the change was saved."""

    def sabotage(command: Command) -> None:
        if getattr(command, "value", None) in values:
            raise Bug(f"cannot stand {command.value}")

    return sabotage


# Applied


def test_a_command_is_applied(world):
    thing_id = world.thing()
    assert world.apply(read(UPDATE, update(thing_id, "blue"))) == {"applied": 1}


def test_an_applied_command_has_changed_its_aggregate(world):
    thing_id = world.thing()
    world.apply(read(UPDATE, update(thing_id, "blue")))
    assert world.value(thing_id) == ("blue", 2)


def test_an_applied_command_is_in_the_inbox(world):
    received = read(CREATE, create())
    world.apply(received)
    known = world.known(received)
    assert (known["status"], known["attempt"], known["digest"]) == ("applied", 1, received.digest)


def test_the_inbox_keeps_the_outcome(world):
    received = read(CREATE, create())
    world.apply(received)
    (event,) = rows(world.database, outbox)
    assert world.known(received)["outcome"]["message_id"] == event["message_id"]


def test_the_event_of_an_applied_command_waits_to_be_published(world):
    thing_id = uuid4()
    world.apply(read(CREATE, create(thing_id)))
    (event,) = rows(world.database, outbox)
    headers = event["headers"]
    assert (event["type"], event["aggregate_id"]) == ("thing.Created", thing_id)
    assert (headers["aggregate-id"], headers["aggregate-version"]) == (str(thing_id), 1)


def test_events_wait_in_the_order_of_the_commands(world):
    thing_id = world.thing()
    world.apply(*(read(UPDATE, update(thing_id, f"{i}")) for i in range(5)))
    versions = [row["headers"]["aggregate-version"] for row in rows(world.database, outbox)]
    assert versions == [2, 3, 4, 5, 6]
    assert [body["value"] for body in world.bodies()] == ["0", "1", "2", "3", "4"]


def test_without_reply_to_there_is_no_reply(world):
    world.apply(read(CREATE, create()))
    assert world.sent() == [(None, "thing.Created")]


def test_the_outcome_is_sent_to_who_asked(world):
    world.apply(read(CREATE, create(), reply_to="sender"))
    assert world.sent() == [(None, "thing.Created"), ("sender", "thing.Created")]


def test_the_reply_is_the_same_message(world):
    world.apply(read(CREATE, create(), reply_to="sender"))
    event, reply = rows(world.database, outbox)
    same = ("type", "body", "message_id", "correlation_id", "timestamp", "headers")
    assert [event[name] for name in same] == [reply[name] for name in same]


def test_a_reply_belongs_to_no_aggregate(world):
    # A reply that nobody confirms would else hold up the aggregate's events.
    world.apply(read(CREATE, create(), reply_to="sender"))
    assert rows(world.database, outbox)[1]["aggregate_id"] is None


def test_create_and_update_in_one_batch_are_both_applied(world):
    thing_id = uuid4()
    world.apply(read(CREATE, create(thing_id)), read(UPDATE, update(thing_id, "blue")))
    assert world.value(thing_id) == ("blue", 2)


def test_the_log_tells_each_ending_at_debug(world):
    received = read(CREATE, create())
    with capture_logs() as logs:
        world.apply(received)
    assert logs == [
        {
            "event": "command settled",
            "log_level": "debug",
            "command_id": received.command_id,
            "aggregate_id": received.command.thing_id,
            "correlation_id": received.command_id,
            "type": CREATE,
            "ending": "applied",
        }
    ]


# Rejected


def test_a_refused_command_is_rejected(world):
    assert world.apply(read(UPDATE, update(uuid4()))) == {"rejected": 1}


def test_a_rejection_is_announced_with_code_and_reason(world):
    received = read(UPDATE, update(thing_id := uuid4()))
    world.apply(received)
    (body,) = world.bodies()
    assert (body["code"], body["reason"]) == ("not-found", f"There is no thing {thing_id}.")
    assert (body["command_id"], body["command_type"]) == (str(received.command_id), UPDATE)


def test_a_rejection_is_sent_to_who_asked(world):
    world.apply(read(UPDATE, update(uuid4()), reply_to="sender"))
    assert world.sent() == [(None, "CommandRejected"), ("sender", "CommandRejected")]


def test_a_rejected_command_is_in_the_inbox(world):
    received = read(UPDATE, update(uuid4()))
    world.apply(received)
    assert world.status(received) == "rejected"


def test_a_rejected_command_is_no_dead_letter(world):
    world.apply(read(UPDATE, update(uuid4())))
    assert rows(world.database, dead_letters) == []


def test_a_command_refused_after_a_change_leaves_nothing(world):
    thing_id = world.thing()

    def refuse(command: Command) -> None:
        raise NotToday("Come again tomorrow.")

    world.sabotage(refuse)
    world.apply(read(UPDATE, update(thing_id, "blue")))
    assert world.value(thing_id) == (None, 1)
    assert [body["code"] for body in world.bodies()] == ["not-today"]


def test_a_thing_whose_creation_was_refused_does_not_exist(world):
    def refuse(command: Command) -> None:
        raise NotToday("Come again tomorrow.")

    world.sabotage(refuse)
    world.apply(read(CREATE, create(thing_id := uuid4())))
    assert world.value(thing_id) is None


def test_a_rejection_costs_its_neighbours_nothing(world):
    thing_id = world.thing()
    endings = world.apply(
        read(UPDATE, update(thing_id, "1")),
        read(CREATE, create(thing_id)),
        read(UPDATE, update(thing_id, "2")),
    )
    assert endings == {"applied": 2, "rejected": 1}
    assert world.value(thing_id) == ("2", 3)


def test_a_reason_that_cannot_be_stored_is_made_readable(database):
    world = World(database)

    def refuse(command: Command) -> None:
        raise NotToday("a\0b\ud800")

    world.sabotage(refuse)
    world.apply(read(CREATE, create()))
    assert world.bodies()[0]["reason"] == "a\\x00b\\ud800"


# Messages that cannot be read


@pytest.mark.parametrize(
    ("type", "body", "kind"),
    [
        (CREATE, b"{", "malformed"),
        (CREATE, b"\xff", "malformed"),
        ("thing.Explode", {}, "unknown-type"),
        (None, {}, "unknown-type"),
        (CREATE, {}, "invalid"),
        (CREATE, b" " * 10_001 + b"{}", "too-large"),
    ],
)
def test_what_cannot_be_identified_becomes_a_dead_letter_and_nothing_else(world, type, body, kind):
    assert world.apply(read(type, body)) == {"dead": 1}
    assert world.letter().kind == kind
    assert (world.sent(), rows(world.database, inbox)) == ([], [])


def test_what_can_be_identified_is_announced_as_failed(world):
    received = read(UPDATE, update(uuid4(), 7))
    assert world.apply(received) == {"failed": 1}
    (body,) = world.bodies()
    assert (body["code"], body["reason"]) == ("invalid", "value: Not a valid string.")
    assert body["command_id"] == str(received.command_id)


def test_a_failure_is_sent_to_who_asked(world):
    world.apply(read(UPDATE, update(uuid4(), 7), reply_to="sender"))
    assert world.sent() == [(None, "CommandFailed"), ("sender", "CommandFailed")]


def test_a_failed_command_is_in_the_inbox(world):
    received = read(UPDATE, update(uuid4(), 7))
    world.apply(received)
    assert world.status(received) == "failed"


def test_a_dead_letter_keeps_what_came(world):
    content = update(uuid4(), 7)
    world.apply(read(UPDATE, content, reply_to="r", headers={"tenant": 7, "x-death": 1}))
    letter = world.letter()
    assert json.loads(letter.body) == content
    assert letter.properties == {"type": UPDATE, "reply_to": "r", "headers": {"tenant": 7}}
    assert (letter.type, str(letter.command_id)) == (UPDATE, content["command_id"])


def test_a_dead_letter_names_the_wrong_fields(world):
    world.apply(read(UPDATE, update(uuid4(), 7)))
    assert world.letter().errors == {"value": ["Not a valid string."]}


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"command_id": "order-4711"}'])
def test_who_asks_is_told_of_a_message_without_command_id(world, body):
    world.apply(read(CREATE, body, reply_to="sender", correlation_id="c"))
    (reply,) = rows(world.database, outbox)
    content = json.loads(reply["body"])
    assert (reply["reply_to"], reply["type"]) == ("sender", "CommandFailed")
    assert (content["command_id"], content["reason"]) == (None, world.letter().reason)
    assert (reply["correlation_id"], reply["headers"]) == ("c", {"schema-version": 1})


def test_such_an_answer_is_correlated_by_the_message_id_where_there_is_nothing_else(world):
    world.apply(read(CREATE, b"{", reply_to="sender", message_id="their own"))
    assert rows(world.database, outbox)[0]["correlation_id"] == "their own"


def test_who_asks_is_told_of_another_command_of_the_same_id(world):
    content = update(world.thing(), "blue")
    world.apply(read(UPDATE, content))
    world.forget(outbox)
    world.apply(read(UPDATE, {**content, "value": "green"}, reply_to="sender"))
    (reply,) = world.bodies()
    assert (reply["code"], reply["command_id"]) == ("command-id-reused", content["command_id"])


@pytest.mark.parametrize("queue", ["tests.commands", "tests.commands.dead"])
def test_nobody_has_answers_sent_to_our_own_queues(world, queue):
    content = create()
    world.apply(read(CREATE, content, reply_to=queue))
    world.apply(read(CREATE, content, reply_to=queue))
    world.apply(read(UPDATE, {**content, "value": "x"}, reply_to=queue))
    world.apply(read(CREATE, b"{", reply_to=queue))
    assert world.sent() == [(None, "thing.Created")]


def outcome_of(world: World, *received: Received) -> Received:
    """Return the last outcome as it comes to a queue that somebody named as `reply_to`."""
    world.apply(*received)
    row = rows(world.database, outbox)[-1]
    outgoing = OutgoingMessage(**{name: row[name] for name in OutgoingMessage._fields})
    world.forget(outbox)
    encoded = b"".join(properties_of_message(outgoing, "other").encode())
    arrived = wire.received(BasicProperties().decode(encoded), outgoing.body.encode())
    return Reader(codec(), MAX_BYTES).read(arrived)


@pytest.mark.parametrize(
    ("type", "body"),
    [(CREATE, create()), (UPDATE, update(uuid4())), (UPDATE, update(uuid4(), 7)), (CREATE, b"{")],
    ids=["applied", "rejected", "failed", "unidentified"],
)
@pytest.mark.parametrize("settle", ["apply", "give_up"])
def test_an_outcome_that_comes_to_a_command_queue_ends_quietly(world, type, body, settle):
    outcome = outcome_of(world, read(type, body, reply_to="another.commands"))
    world.forget(dead_letters)
    before = rows(world.database, inbox)
    assert getattr(world.processor, settle)([outcome]) == {"ignored": 1}
    assert (world.sent(), rows(world.database, dead_letters)) == ([], [])
    assert rows(world.database, inbox) == before


def test_an_unreadable_message_costs_its_neighbours_nothing(world):
    thing_id = world.thing()
    world.apply(read(UPDATE, b"{"), read(UPDATE, update(thing_id, "blue")))
    assert world.value(thing_id) == ("blue", 2)


@pytest.mark.parametrize("name", ["\0", "\ud800", "a\0b\udfff"])
def test_a_field_name_that_cannot_be_stored_still_makes_a_dead_letter(database, name):
    world = World(database)
    assert world.apply(read(CREATE, create(**{name: 1}))) == {"failed": 1}
    assert world.letter().kind == "invalid"


@pytest.mark.parametrize("type", ["\0", b"\xff", "x" * 255])
def test_a_type_that_cannot_be_stored_still_makes_a_dead_letter(database, type):
    world = World(database)
    assert world.apply(read(type, create())) == {"failed": 1}
    assert world.letter().kind == "unknown-type"


def test_properties_that_cannot_be_stored_do_no_harm(database):
    world = World(database)
    odd = {"correlation_id": "a\0b", "headers": {"a\0b": "\0", "tracestate": "\0"}}
    assert world.apply(read(CREATE, create(), **odd)) == {"applied": 1}


# Duplicates


def test_a_duplicate_changes_nothing(world):
    thing_id = world.thing()
    received = read(UPDATE, update(thing_id, "blue"))
    world.apply(received)
    world.apply(read(UPDATE, update(thing_id, "green")))
    assert world.apply(received) == {"duplicate": 1}
    assert world.value(thing_id) == ("green", 3)


def test_a_duplicate_that_does_not_ask_gets_no_answer(world):
    received = read(CREATE, create())
    world.apply(received)
    world.forget(outbox)
    world.apply(received)
    assert world.sent() == []


def test_outcomes_are_read_only_of_duplicates_that_ask_for_them(world):
    contents = [create() for _ in range(3)]
    world.apply(*(read(CREATE, content) for content in contents))
    asked: list[str] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    world.apply(*(read(CREATE, content) for content in contents))
    assert [statement for statement in asked if "outcome" in statement] == []
    world.apply(
        *(read(CREATE, c, reply_to=to) for c, to in zip(contents, ("a", None, None), strict=True))
    )
    assert len([statement for statement in asked if "outcome" in statement]) == 1


def test_a_duplicate_that_asks_gets_the_stored_outcome(world):
    content = create()
    world.apply(read(CREATE, content))
    (event,) = rows(world.database, outbox)
    world.forget(outbox)
    world.apply(read(CREATE, content, reply_to="sender"))
    (reply,) = rows(world.database, outbox)
    assert (reply["reply_to"], reply["message_id"], reply["body"], reply["headers"]) == (
        "sender",
        event["message_id"],
        event["body"],
        event["headers"],
    )


@pytest.mark.parametrize(
    "bug", [SystemExit(3), KeyboardInterrupt(), CancelledError(), GeneratorExit()], ids=repr
)
def test_what_would_end_a_process_is_a_bug_of_one_command(world, bug):
    bad, good = create(), create()

    def sabotage(command: Command) -> None:
        if str(command.command_id) == bad["command_id"]:
            raise bug

    world.sabotage(sabotage)
    assert world.apply(read(CREATE, bad), read(CREATE, good)) == {"retrying": 1, "applied": 1}
    assert [row["id"] for row in rows(world.database, things)] == [UUID(good["thing_id"])]
    (retry,) = rows(world.database, retries)
    assert type(bug).__name__ in retry["error"]


def test_an_outcome_of_which_a_newer_release_has_stored_more_is_sent_again(world):
    content = create()
    received = read(CREATE, content, reply_to="sender")
    world.apply(received)
    (_, reply) = rows(world.database, outbox)
    more = {**world.known(received)["outcome"], "priority": 5}
    with world.database.engine.begin() as connection:
        connection.execute(inbox.update().values(outcome=more))
    world.forget(outbox)
    world.apply(received)
    (again,) = rows(world.database, outbox)
    assert {**again, "id": reply["id"]} == reply


@pytest.mark.parametrize(
    ("body", "ending"),
    [(update(uuid4()), "CommandRejected"), (update(uuid4(), 7), "CommandFailed")],
)
def test_a_duplicate_of_a_command_that_ended_badly_gets_the_stored_outcome(world, body, ending):
    world.apply(read(UPDATE, body))
    world.forget(outbox)
    assert world.apply(read(UPDATE, body, reply_to="sender")) == {"duplicate": 1}
    assert world.sent() == [("sender", ending)]


def test_a_rejected_command_is_not_tried_again(world):
    content = update(thing_id := uuid4(), "blue")
    world.apply(read(UPDATE, content))
    world.apply(read(CREATE, create(thing_id)))
    world.apply(read(UPDATE, content))
    assert world.value(thing_id) == (None, 1)


def test_a_bad_message_with_the_content_of_an_applied_command_is_a_dead_letter(world):
    content = create()
    applied = read(CREATE, content)
    world.apply(applied)
    world.forget(outbox)
    assert world.apply(read(CREATE, content, content_encoding="gzip")) == {"dead": 1}
    assert world.letter().kind == "malformed"
    assert (world.status(applied), world.sent()) == ("applied", [])


def test_a_bad_message_under_a_known_id_names_the_wrong_fields(world):
    content = create()
    world.apply(read(CREATE, content))
    world.apply(read(CREATE, {**content, "foo": 1}))
    assert world.letter().errors == {"foo": ["Unknown field."]}


def test_a_bad_message_that_comes_again_adds_nothing(world):
    bad = read(CREATE, create(), content_encoding="gzip")
    world.apply(bad)
    assert world.apply(bad) == {"duplicate": 1}
    assert world.letter().kind == "malformed"


def test_a_duplicate_in_the_same_batch_changes_nothing(world):
    received = read(UPDATE, update(world.thing(), "blue"))
    assert world.apply(received, received) == {"applied": 1, "duplicate": 1}


def test_a_duplicate_with_another_timestamp_is_a_duplicate(world):
    content = create()
    world.apply(read(CREATE, content))
    again = {**content, "timestamp": "2026-01-02T03:04:05Z"}
    assert world.apply(read(CREATE, again)) == {"duplicate": 1}


def test_a_duplicate_leaves_the_inbox_as_it_is(world):
    received = read(CREATE, create())
    world.apply(received)
    before = world.known(received)
    world.apply(received)
    assert world.known(received) == before


def test_another_command_of_the_same_id_is_a_dead_letter(world):
    content = update(world.thing(), "blue")
    world.apply(read(UPDATE, content))
    assert world.apply(read(UPDATE, {**content, "value": "green"})) == {"dead": 1}
    assert world.letter().kind == "command-id-reused"


def test_another_command_of_the_same_id_changes_nothing(world):
    content = update(thing_id := world.thing(), "blue")
    world.apply(read(UPDATE, content))
    world.apply(read(UPDATE, {**content, "value": "green"}))
    assert world.value(thing_id) == ("blue", 2)


def test_another_command_of_the_same_id_leaves_the_first_outcome(world):
    received = read(UPDATE, update(world.thing(), "blue"))
    world.apply(received)
    before = world.known(received)
    world.forget(outbox)
    content = json.loads(received.message.body)
    world.apply(read(UPDATE, {**content, "value": "green"}, reply_to="sender"))
    assert (world.known(received), world.sent()) == (before, [("sender", "CommandFailed")])


def test_an_unreadable_message_with_a_known_id_is_a_dead_letter_of_its_own_kind(world):
    content = update(world.thing(), "blue")
    received = read(UPDATE, content)
    world.apply(received)
    world.forget(outbox)
    assert world.apply(read(UPDATE, {**content, "value": 7})) == {"dead": 1}
    assert (world.letter().kind, world.status(received), world.sent()) == ("invalid", "applied", [])


# Bugs


def test_a_command_that_meets_a_bug_is_retrying(world):
    received = read(UPDATE, update(world.thing(), "bug"))
    world.sabotage(failing("bug"))
    assert world.apply(received) == {"retrying": 1}
    assert (world.known(received)["status"], world.known(received)["attempt"]) == ("retrying", 2)


def test_what_a_bug_left_half_done_is_undone(world):
    thing_id = world.thing()
    world.sabotage(failing("bug"))
    world.apply(read(UPDATE, update(thing_id, "bug")))
    assert world.value(thing_id) == (None, 1)


def test_a_command_that_meets_a_bug_is_not_announced_while_it_waits(world):
    received = read(UPDATE, update(world.thing(), "bug"), reply_to="sender")
    world.sabotage(failing("bug"))
    world.apply(received)
    assert (world.sent(), rows(world.database, dead_letters)) == ([], [])


def test_a_bug_costs_its_neighbours_nothing(world):
    thing_id = world.thing()
    world.sabotage(failing("bug"))
    endings = world.apply(
        read(UPDATE, update(thing_id, "1")),
        read(UPDATE, update(thing_id, "bug")),
        read(UPDATE, update(thing_id, "2")),
    )
    assert endings == {"applied": 2, "retrying": 1}
    assert world.value(thing_id) == ("2", 3)
    assert [body["value"] for body in world.bodies()] == ["1", "2"]


def test_a_creation_that_meets_a_bug_leaves_room_for_another(world):
    thing_id = uuid4()
    doomed = create(thing_id)

    def sabotage(command: Command) -> None:
        if str(command.command_id) == doomed["command_id"]:
            raise Bug

    world.sabotage(sabotage)
    endings = world.apply(read(CREATE, doomed), read(CREATE, create(thing_id)))
    assert endings == {"retrying": 1, "applied": 1}
    assert world.value(thing_id) == (None, 1)


@pytest.mark.parametrize("error", [RecursionError, MemoryError, AssertionError, StopIteration])
def test_a_bug_can_be_any_exception(world, error):
    def sabotage(command: Command) -> None:
        raise error

    world.sabotage(sabotage)
    assert world.apply(read(CREATE, create())) == {"retrying": 1}


@pytest.mark.parametrize("says", [Bug, SystemExit])
def test_an_exception_that_cannot_say_what_it_is_is_a_bug_too(world, says):
    class Mute(Exception):
        def __str__(self) -> str:
            raise says

    def sabotage(command: Command) -> None:
        raise Mute

    world.sabotage(sabotage, max_attempts=1)
    assert world.apply(read(CREATE, create())) == {"failed": 1}


def unbuilt(error: Exception) -> Received:
    """Return a command that its own class would not build."""
    return read(CREATE, create())._replace(command=None, fault=error)


def test_a_refusal_by_the_class_of_the_command_is_a_rejection(world):
    class Closed(DomainError):
        code = "closed"

    received = unbuilt(Closed("We are closed."))
    assert world.apply(received) == {"rejected": 1}
    assert (world.bodies()[0]["code"], world.status(received)) == ("closed", "rejected")
    assert world.apply(received) == {"duplicate": 1}


def test_a_bug_in_the_class_of_the_command_is_tried_again(world):
    received = unbuilt(Bug())
    assert world.apply(received) == {"retrying": 1}
    assert world.apply(received) == {"duplicate": 1}


def test_a_storage_that_is_away_is_no_fault_of_the_command(world):
    def sabotage(command: Command) -> None:
        raise StorageUnavailable("gone")

    received = read(CREATE, create())
    world.sabotage(sabotage)
    with pytest.raises(StorageUnavailable):
        world.apply(received)
    assert world.known(received) is None


@pytest.mark.parametrize(("attempt", "delay"), [(1, 10), (2, 100), (3, 100)])
def test_a_retry_is_due_after_the_delay_of_its_attempt(world, attempt, delay):
    received = read(UPDATE, update(world.thing(), "bug"))
    world.sabotage(failing("bug"), max_attempts=9)
    for _ in range(attempt - 1):
        world.apply(received)
        received = world.next_attempt()
    before = datetime.now(UTC)
    world.apply(received)
    (row,) = rows(world.database, retries)
    after = datetime.now(UTC)
    assert before + timedelta(seconds=delay) <= row["due_at"]
    assert row["due_at"] <= after + timedelta(seconds=1.25 * delay)


def test_retries_do_not_all_come_at_once(world):
    thing_id = world.thing()
    world.sabotage(failing("bug"))
    world.apply(*(read(UPDATE, update(thing_id, "bug")) for _ in range(10)))
    due = [row["due_at"] for row in rows(world.database, retries)]
    assert max(due) - min(due) > timedelta(milliseconds=100)


def test_a_retry_is_the_command_as_it_came_with_the_number_of_its_attempt(world):
    received = read(UPDATE, update(world.thing(), "bug"), reply_to="sender", headers={"tenant": 7})
    world.sabotage(failing("bug"))
    world.apply(received)
    again = world.next_attempt().message
    assert (again.body, again.type, again.reply_to) == (received.message.body, UPDATE, "sender")
    assert (again.headers["retry-attempt"], again.headers["tenant"]) == (2, 7)


def test_the_next_attempt_is_applied_when_the_bug_is_gone(world):
    thing_id = world.thing()
    world.sabotage(failing("bug"))
    world.apply(received := read(UPDATE, update(thing_id, "bug"), reply_to="sender"))
    world.sabotage(failing())
    assert world.apply(world.next_attempt()) == {"applied": 1}
    assert (world.value(thing_id), world.status(received)) == (("bug", 2), "applied")
    assert world.sent() == [(None, "thing.Updated"), ("sender", "thing.Updated")]


def test_attempts_are_counted(world):
    received = read(UPDATE, update(world.thing(), "bug"))
    world.sabotage(failing("bug"))
    world.apply(received)
    world.apply(second := world.next_attempt())
    assert second.message.headers["retry-attempt"] == 2
    assert world.known(received)["attempt"] == 3


def test_another_copy_is_a_duplicate_while_a_retry_waits(world):
    thing_id = world.thing()
    world.sabotage(failing("bug"))
    world.apply(received := read(UPDATE, update(thing_id, "bug")))
    world.sabotage(failing())
    assert world.apply(received) == {"duplicate": 1}
    assert (world.value(thing_id), world.status(received)) == ((None, 1), "retrying")


def test_another_copy_in_the_same_batch_is_a_duplicate(world):
    received = read(UPDATE, update(world.thing(), "bug"))
    world.sabotage(failing("bug"))
    assert world.apply(received, received) == {"retrying": 1, "duplicate": 1}
    assert len(rows(world.database, retries)) == 1


def test_a_retry_says_whose_attempt_it_is(world):
    received = waiting(world)
    (row,) = rows(world.database, retries)
    assert (row["command_id"], row["attempt"], row["sends"]) == (received.command_id, 2, 0)


def waiting(world: World, **properties: Any) -> Received:
    """Let a command fail for a first time; the bug is mended then."""
    received = read(UPDATE, update(world.thing(), "bug"), **properties)
    world.sabotage(failing("bug"))
    assert world.apply(received) == {"retrying": 1}
    world.sabotage(failing())
    return received


def test_a_retry_stays_until_its_attempt_is_settled(world):
    waiting(world)
    (second,) = world.relay()
    assert [row["sends"] for row in rows(world.database, retries)] == [1]
    assert world.apply(second) == {"applied": 1}
    assert rows(world.database, retries) == []


def test_a_retry_that_the_queue_has_lost_is_sent_again(world):
    received = waiting(world)
    world.relay()
    (second,) = world.relay()
    assert world.apply(second) == {"applied": 1}
    assert world.status(received) == "applied"


def test_a_retry_that_was_sent_twice_is_applied_once(world):
    received = waiting(world)
    (one,), (two,) = world.relay(), world.relay()
    assert [world.apply(one), world.apply(two)] == [{"applied": 1}, {"duplicate": 1}]
    assert world.known(received)["attempt"] == 2


def test_a_rejected_attempt_leaves_no_retry(world):
    def refuse(command: Command) -> None:
        raise NotToday("Come again tomorrow.")

    waiting(world)
    (second,) = world.relay()
    world.sabotage(refuse)
    assert world.apply(second) == {"rejected": 1}
    assert rows(world.database, retries) == []


def test_a_failed_attempt_leaves_the_retry_of_the_next(world):
    waiting(world)
    (second,) = world.relay()
    world.sabotage(failing("bug"))
    assert world.apply(second) == {"retrying": 1}
    assert [row["attempt"] for row in rows(world.database, retries)] == [3]
    (third,) = world.relay()
    assert world.apply(third) == {"failed": 1}
    assert rows(world.database, retries) == []


def test_two_attempts_in_one_batch_leave_no_retry_behind(world):
    # A copy of the next attempt can be there already, where a sender sets the header.
    received = read(UPDATE, update(world.thing(), "once"))
    fails = iter([True, False])

    def sabotage(command: Command) -> None:
        if next(fails):
            raise Bug

    world.sabotage(sabotage)
    second = read(UPDATE, received.message.body, headers={"retry-attempt": 2})
    assert world.apply(received, second) == {"retrying": 1, "applied": 1}
    assert rows(world.database, retries) == []


def test_a_retry_whose_row_is_gone_is_found_again_by_a_copy_of_the_senders(world):
    # Releases before this one deleted the row when they sent it; then the queue lost it.
    received = waiting(world)
    world.forget(retries)
    assert world.apply(received, received) == {"duplicate": 2}
    assert world.apply(received) == {"duplicate": 1}
    (second,) = world.relay()
    assert world.apply(second) == {"applied": 1}
    assert rows(world.database, retries) == []


def due_in(world: World) -> float:
    (row,) = rows(world.database, retries)
    return (row["due_at"] - datetime.now(UTC)).total_seconds()


def test_a_copy_of_the_senders_makes_a_retry_that_was_sent_due_soon(world):
    received = waiting(world)
    world.relay()
    assert 5 < due_in(world) <= 10
    assert world.apply(received) == {"duplicate": 1}
    assert 0 < due_in(world) <= 1


def test_many_copies_of_the_senders_do_not_make_many_retries(world):
    received = waiting(world)
    world.relay()
    world.apply(received)
    (before,) = rows(world.database, retries)
    world.apply(*[received] * 20)
    assert rows(world.database, retries) == [before]


def test_a_copy_of_the_senders_does_not_shorten_the_wait_for_an_attempt(world):
    received = waiting(world)
    assert world.apply(received) == {"duplicate": 1}
    assert due_in(world) > 5


def test_a_copy_of_our_own_shortens_nothing(world):
    waiting(world)
    (one,), (two,) = world.relay(), world.relay()
    world.sabotage(failing("bug"))
    world.apply(one)
    (third,) = world.relay()
    assert world.apply(two) == {"duplicate": 1}
    assert due_in(world) > 5
    assert world.apply(third) == {"failed": 1}


def test_other_content_moves_no_retry(world):
    received = waiting(world)
    world.relay()
    content = json.loads(received.message.body)
    assert world.apply(read(UPDATE, {**content, "value": "mine"})) == {"dead": 1}
    assert due_in(world) > 5


def test_an_attempt_that_is_over_is_a_duplicate(world):
    received = read(UPDATE, update(world.thing(), "bug"))
    world.sabotage(failing("bug"))
    world.apply(received)
    world.apply(second := world.next_attempt())
    assert world.apply(second) == {"duplicate": 1}
    assert world.known(received)["attempt"] == 3


def test_an_attempt_is_applied_once(world):
    thing_id = world.thing()
    world.sabotage(failing("bug"))
    world.apply(read(UPDATE, update(thing_id, "bug")))
    world.sabotage(failing())
    second = world.next_attempt()
    assert world.apply(second, second) == {"applied": 1, "duplicate": 1}
    assert world.value(thing_id) == ("bug", 2)


@pytest.mark.parametrize("forged", [3, "2", True, None, 2.0])
def test_only_the_matching_attempt_runs(world, forged):
    received = read(UPDATE, update(world.thing(), "bug"))
    world.sabotage(failing("bug"))
    world.apply(received)
    world.sabotage(failing())
    other = read(UPDATE, received.message.body, headers={"retry-attempt": forged})
    expected = "applied" if forged == 2 else "duplicate"  # 2.0 and 2 are one number on the wire
    assert world.apply(other) == {expected: 1}


def test_other_content_with_the_number_of_the_attempt_is_a_dead_letter(world):
    content = update(world.thing(), "bug")
    world.sabotage(failing("bug"))
    world.apply(received := read(UPDATE, content))
    forged = read(UPDATE, {**content, "value": "mine"}, headers={"retry-attempt": 2})
    assert world.apply(forged) == {"dead": 1}
    assert world.status(received) == "retrying"


def test_the_history_of_a_retry_has_the_first_and_the_last_few_attempts(world):
    received = read(UPDATE, update(world.thing(), "bug"))
    world.sabotage(failing("bug"), max_attempts=1000)
    lengths, first = [], set()
    for _ in range(15):
        world.apply(received)
        received = world.next_attempt()
        history = received.message.headers[HISTORY_HEADER].split()
        lengths.append(len(history))
        first.add(history[0])
    assert lengths == [*range(1, 11), *[10] * 5]
    assert len(first) == 1


def test_a_sender_cannot_count_attempts_for_us(world):
    received = read(UPDATE, update(world.thing(), "bug"), headers={"retry-attempt": 99})
    world.sabotage(failing("bug"))
    world.apply(received)
    assert world.known(received)["attempt"] == 2


def test_a_waiting_command_that_is_refused_at_last_is_rejected(world):
    received = read(UPDATE, update(world.thing(), "bug"))
    world.sabotage(failing("bug"))
    world.apply(received)

    def refuse(command: Command) -> None:
        raise NotToday("Come again tomorrow.")

    world.sabotage(refuse)
    assert world.apply(world.next_attempt()) == {"rejected": 1}
    assert world.status(received) == "rejected"


def exhausted(world: World, **properties: Any) -> Received:
    """Let a command fail as often as it may, three times."""
    received = read(UPDATE, update(world.thing(), "bug"), **properties)
    world.sabotage(failing("bug"))
    assert world.apply(received) == {"retrying": 1}
    assert world.apply(world.next_attempt()) == {"retrying": 1}
    assert world.apply(world.next_attempt()) == {"failed": 1}
    return received


def test_after_the_last_attempt_the_command_is_a_dead_letter(world):
    received = exhausted(world)
    letter = world.letter()
    assert (letter.kind, letter.reason) == ("failed", "Bug: cannot stand bug")
    assert (letter.command_id, letter.body) == (received.command_id, received.message.body)


def test_after_the_last_attempt_no_retry_waits(world):
    exhausted(world)
    assert rows(world.database, retries) == []


def test_after_the_last_attempt_the_inbox_says_failed(world):
    received = exhausted(world)
    assert (world.known(received)["status"], world.known(received)["attempt"]) == ("failed", 3)


def test_after_the_last_attempt_the_failure_is_announced(world):
    exhausted(world, reply_to="sender")
    assert world.sent() == [(None, "CommandFailed"), ("sender", "CommandFailed")]
    assert world.bodies()[0]["code"] == "failed"


def test_the_dead_letter_has_the_time_of_every_attempt(world):
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    exhausted(world)
    times = [datetime.fromisoformat(text) for text in world.letter().attempts]
    assert len(times) == 3
    assert [before, *times] == sorted([before, *times])


def test_the_dead_letter_has_the_traceback(world):
    exhausted(world)
    assert "in sabotage" in world.letter().traceback
    assert world.letter().traceback.endswith("Bug: cannot stand bug\n")


def test_a_long_traceback_keeps_its_end(world):
    def dig(depth: int) -> None:
        if not depth:
            raise Bug("at the bottom")
        try:
            dig(depth - 1)
        except Bug as error:
            raise Bug(f"level {depth}") from error

    world.sabotage(lambda command: dig(100), max_attempts=1)
    world.apply(read(CREATE, create()))
    assert world.letter().traceback.endswith("Bug: level 100\n")


def test_a_traceback_is_kept_up_to_eight_kilobytes(world):
    def sabotage(command: Command) -> None:
        raise Bug("ž" * 10_000)

    world.sabotage(sabotage, max_attempts=1)
    world.apply(read(CREATE, create()))
    assert 4000 < len(world.letter().traceback.encode()) <= 8192


def test_with_one_attempt_a_bug_is_a_dead_letter_at_once(world):
    received = read(UPDATE, update(world.thing(), "bug"))
    world.sabotage(failing("bug"), max_attempts=1)
    assert world.apply(received) == {"failed": 1}
    assert len(world.letter().attempts) == 1


def test_a_failed_command_is_not_tried_again(world):
    received = exhausted(world)
    world.sabotage(failing())
    assert world.apply(received) == {"duplicate": 1}
    assert world.status(received) == "failed"


def test_a_bug_whose_message_cannot_be_stored_still_makes_a_dead_letter(database):
    world = World(database)

    def sabotage(command: Command) -> None:
        raise Bug("a\0b\ud800")

    world.sabotage(sabotage, max_attempts=1)
    assert world.apply(read(CREATE, create())) == {"failed": 1}
    assert world.letter().reason == "Bug: a\\x00b\\ud800"


def test_a_sender_cannot_have_a_command_tried_for_ever(world):
    headers = {"retry-first": 10**6, "retry-history": "x"}
    received = read(UPDATE, update(world.thing(), "bug"), headers=headers)
    world.sabotage(failing("bug"))
    world.apply(received)
    endings = [world.apply(*world.relay()) for _ in range(2)]
    assert endings == [{"retrying": 1}, {"failed": 1}]


@pytest.mark.parametrize("first", [99, -5, 0, "2", None, 1.5, [2], b"\xff"])
def test_a_forged_beginning_of_the_count_counts_for_nothing(world, first):
    received = waiting(world)
    world.sabotage(failing("bug"), max_attempts=2)
    headers = {"retry-attempt": 2, "retry-first": first}
    assert world.apply(read(UPDATE, received.message.body, headers=headers)) == {"failed": 1}


# What the log says of it


def test_a_failed_attempt_is_a_warning(world):
    received = read(UPDATE, update(world.thing(), "bug"))
    world.sabotage(failing("bug"))
    with capture_logs() as logs:
        world.apply(received)
    (warning,) = [line for line in logs if line["log_level"] == "warning"]
    (row,) = rows(world.database, retries)
    assert warning == {
        "event": "attempt failed",
        "log_level": "warning",
        "type": UPDATE,
        "command_id": received.command_id,
        "aggregate_id": received.command.thing_id,
        "correlation_id": received.command_id,
        "attempt": 1,
        "error": "Bug: cannot stand bug",
        "next_at": row["due_at"].isoformat(),
    }


def test_the_traceback_of_a_failed_attempt_is_said_at_debug(world):
    world.sabotage(failing("bug"))
    with capture_logs() as logs:
        world.apply(received := read(UPDATE, update(world.thing(), "bug")))
    (line,) = [line for line in logs if line["event"] == "traceback"]
    assert (line["log_level"], line["command_id"]) == ("debug", received.command_id)
    assert line["traceback"].endswith("Bug: cannot stand bug\n")


def test_the_last_attempt_is_a_warning_that_says_so_and_has_the_traceback(world):
    world.sabotage(failing("bug"), max_attempts=1)
    with capture_logs() as logs:
        world.apply(read(UPDATE, update(world.thing(), "bug")))
    (warning,) = [line for line in logs if line["log_level"] == "warning"]
    assert warning["event"] == "attempt failed, command given up"
    assert (warning["attempt"], "next_at" in warning) == (1, False)
    assert warning["traceback"].endswith("Bug: cannot stand bug\n")
    assert [line for line in logs if line["event"] == "traceback"] == []


def test_the_retry_has_the_error_that_the_log_has_in_one_harmless_line(world):
    def sabotage(command: Command) -> None:
        raise Bug("first line\nsecond\x1b[2J line")

    world.sabotage(sabotage)
    with capture_logs() as logs:
        world.apply(read(CREATE, create()))
    (warning,) = [line for line in logs if line["log_level"] == "warning"]
    (row,) = rows(world.database, retries)
    assert row["error"] == warning["error"] == r"Bug: first line\x0asecond\x1b[2J line"


def test_the_error_of_a_retry_is_kept_up_to_a_kilobyte(world):
    def sabotage(command: Command) -> None:
        raise Bug("\n" * 10_000)

    world.sabotage(sabotage)
    world.apply(read(CREATE, create()))
    (row,) = rows(world.database, retries)
    assert len(row["error"]) == 1024


def test_a_retry_of_a_command_that_never_failed_has_no_error(world):
    world.processor.postpone([read(CREATE, create())])
    (row,) = rows(world.database, retries)
    assert row["error"] is None


def test_a_crash_is_a_warning(world):
    with capture_logs() as logs:
        world.processor.give_up([received := read(CREATE, create())])
    (warning,) = [line for line in logs if line["log_level"] == "warning"]
    assert (warning["event"], warning["command_id"]) == ("command given up", received.command_id)


def test_what_is_not_committed_is_not_said(world):
    received = read(UPDATE, update(world.thing(), "bug"))
    world.sabotage(failing("bug"))

    def unwritable(unit: UnitOfWork) -> None:
        raise StorageUnavailable("gone")

    with (
        capture_logs() as logs,
        patch.object(UnitOfWork, "_write", unwritable),
        pytest.raises(StorageUnavailable),
    ):
        world.apply(received)
    assert [line for line in logs if line["log_level"] == "warning"] == []
    assert [line for line in logs if line["event"] == "traceback"] == []


SECRETS = "postgresql://shop:hunter2@10.0.0.7/shop: SELECT salary FROM staff"


@pytest.mark.parametrize("reply_to", [None, "sender"])
@pytest.mark.parametrize(
    "raised", [Bug(SECRETS), KeyError(SECRETS), OSError(2, SECRETS, "/etc/passwd")], ids=repr
)
def test_the_world_is_told_nothing_of_the_inside_of_a_bug(world, raised, reply_to):
    def sabotage(command: Command) -> None:
        raise raised

    world.sabotage(sabotage, max_attempts=1)
    world.apply(read(CREATE, create(), reply_to=reply_to))
    assert SECRETS in world.letter().reason
    assert SECRETS in world.letter().traceback
    for row in rows(world.database, outbox):
        assert json.loads(row["body"])["reason"] == "It could not be applied; attempts: 1."
        assert not any(word in str(row) for word in ("hunter2", "SELECT", "passwd", "Bug", "Error"))


def test_the_world_is_told_nothing_of_the_words_of_the_database(world):
    world.sabotage(failing(), max_attempts=1)
    world.processor.count_failure(read(CREATE, create()), Refused(SECRETS))
    assert world.letter().reason == f"Refused: {SECRETS}"
    assert [body["reason"] for body in world.bodies()] == ["It could not be applied; attempts: 1."]


# What the database refuses


def test_a_command_that_the_database_refuses_is_tried_again(world):
    received = read(UPDATE, update(world.thing(), "blue"))
    assert world.processor.count_failure(received, Refused("too long")) == {"retrying": 1}
    assert len(rows(world.database, retries)) == 1


def test_a_command_that_the_database_refuses_at_last_is_a_dead_letter(world):
    received = read(UPDATE, update(world.thing(), "blue"))
    world.sabotage(failing(), max_attempts=1)
    assert world.processor.count_failure(received, Refused("too long")) == {"failed": 1}
    assert world.letter().reason == "Refused: too long"


def test_a_duplicate_that_the_database_refused_stays_a_duplicate(world):
    received = read(UPDATE, update(world.thing(), "blue"))
    world.apply(received)
    assert world.processor.count_failure(received, Refused("too long")) == {"duplicate": 1}


def test_an_unreadable_message_that_the_database_refused_is_a_dead_letter(world):
    assert world.processor.count_failure(read(CREATE, b"{"), Refused("too long")) == {"dead": 1}


# Crashes


def test_a_command_that_killed_every_worker_is_a_dead_letter(world):
    received = read(UPDATE, update(world.thing(), "blue"), reply_to="sender")
    assert world.processor.give_up([received]) == {"failed": 1}
    assert (world.letter().kind, world.status(received)) == ("crash", "failed")
    assert world.sent() == [(None, "CommandFailed"), ("sender", "CommandFailed")]


def test_a_command_that_killed_every_worker_is_not_applied(world):
    thing_id = world.thing()
    world.processor.give_up([read(UPDATE, update(thing_id, "blue"))])
    assert world.value(thing_id) == (None, 1)


def test_a_command_that_ended_all_the_same_did_not_crash(world):
    received = read(CREATE, create())
    world.apply(received)
    assert world.processor.give_up([received]) == {"duplicate": 1}
    assert (world.status(received), rows(world.database, dead_letters)) == ("applied", [])


def test_a_waiting_command_can_crash(world):
    received = read(UPDATE, update(world.thing(), "bug"))
    world.sabotage(failing("bug"))
    world.apply(received)
    assert world.processor.give_up([world.next_attempt()]) == {"failed": 1}
    assert world.status(received) == "failed"


def test_only_the_delivery_that_is_waited_for_can_give_a_command_up(world):
    received = waiting(world)
    assert world.processor.give_up([received]) == {"duplicate": 1}
    (second,) = world.relay()
    assert world.apply(second) == {"applied": 1}


def test_a_crashed_copy_finds_a_retry_again_whose_row_is_gone(world):
    received = waiting(world)
    world.forget(retries)
    assert world.processor.give_up([received]) == {"duplicate": 1}
    assert world.apply(*world.relay()) == {"applied": 1}


def test_a_crashed_copy_that_asks_gets_the_stored_outcome(world):
    received = read(CREATE, create(), reply_to="sender")
    world.apply(received)
    world.forget(outbox)
    assert world.processor.give_up([received]) == {"duplicate": 1}
    assert world.sent() == [("sender", "thing.Created")]


def test_other_content_that_killed_every_worker_is_a_dead_letter(world):
    content = create()
    world.apply(read(CREATE, content))
    other = read(CREATE, {**content, "thing_id": str(uuid4())})
    assert world.processor.give_up([other]) == {"dead": 1}
    assert world.letter().kind == "command-id-reused"


def death(queue: str = "tests.commands", reason: str = "expired") -> dict[str, Any]:
    return {"queue": queue, "reason": reason, "count": 1, "exchange": ""}


def test_a_command_that_waited_too_long_has_expired(world):
    received = read(CREATE, create(), headers={"x-death": [death(), death("elsewhere")]})
    assert world.processor.give_up([received]) == {"failed": 1}
    assert world.letter().kind == "expired"


@pytest.mark.parametrize(
    "deaths",
    [
        [death(reason="delivery_limit"), death("elsewhere")],
        [death(reason="delivery_limit"), death()],
        [death("elsewhere")],
        [death("elsewhere"), death()],
        [],
        [None],
        ["expired"],
        [[death()]],
        [{}],
        [{"queue": ["tests.commands"], "reason": None}],
        death(),
        "expired",
        b"\xff",
        7,
        None,
    ],
)
def test_what_did_not_expire_here_at_last_has_crashed(world, deaths):
    first = {"x-first-death-reason": "expired", "x-first-death-queue": "tests.commands"}
    received = read(CREATE, create(), headers={"x-death": deaths, **first})
    assert world.processor.give_up([received]) == {"failed": 1}
    assert world.letter().kind == "crash"


def test_a_retry_that_has_expired_is_sent_again(world):
    received = waiting(world)
    (second,) = world.relay()
    headers = {**second.message.headers, "x-death": [death()]}
    expired = second._replace(message=second.message._replace(headers=headers))
    assert world.processor.give_up([expired]) == {"duplicate": 1}
    assert (world.status(received), due_in(world) <= 1) == ("retrying", True)


def test_an_unidentifiable_message_that_killed_every_worker_is_a_dead_letter(world):
    assert world.processor.give_up([read(None, b"\xff")]) == {"dead": 1}
    assert world.letter().kind == "crash"


def test_a_message_reads_the_same_however_it_is_built():
    # The helpers of this module may not hide a difference between first delivery and retry.
    content = create()
    assert read(CREATE, content).message == message(CREATE, json.dumps(content).encode())
