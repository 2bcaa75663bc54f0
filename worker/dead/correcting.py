"""A dead letter with a corrected body: a command of its own, in the place of the old one."""

import json
from dataclasses import replace
from uuid import UUID, uuid4

from persistence.dead_letters import DeadLetterView
from persistence.endings import RETRYING
from persistence.inbox import InboxEntry
from persistence.operations import Replayed, keep_sent
from schemas.codec import parse
from schemas.exceptions import Undecodable
from worker.component import Component
from worker.consumer.reading import Received
from worker.dead.letters import LetterReader
from worker.dead.replay import cause, send_again
from worker.exceptions import NotReplayable
from worker.relay.unsendable import SENT_AS


def corrected(
    component: Component, letter: DeadLetterView, body: bytes
) -> tuple[DeadLetterView, Received]:
    """Return the letter with this body under a new command id, and what it holds.

    Raises `NotReplayable` where the body does not fit the schema.
    """
    if SENT_AS in letter.properties:
        raise NotReplayable("It was an event or a reply; only a command can be corrected.")
    try:
        content = parse(body)
    except Undecodable as error:
        raise NotReplayable(str(error)) from error
    command_id = str(uuid4())
    encoded = json.dumps({**content, "command_id": command_id}, ensure_ascii=False).encode()
    old = letter.properties
    before = old.get("correlation_id") or (letter.command_id and str(letter.command_id))
    properties = {**old, "message_id": command_id} | ({"correlation_id": before} if before else {})
    new = replace(letter, body=encoded, body_bytes=len(encoded), properties=properties)
    received = LetterReader(component).read(new)
    assert received is not None
    if received.fault:  # of the team's own classes, which no attempt would mend
        raise NotReplayable(f"{type(received.fault).__name__}: {received.fault}")
    return new, received


def replay_corrected(
    component: Component, letter_id: int, body: bytes, operation_id: int | None = None
) -> UUID:
    """Send a corrected body; the letter goes. Returns the new command id.

    The old command has failed, and that stands. Raises `NotReplayable`; nothing is changed then.
    """
    with component.unit_of_work() as unit:
        letter = unit.dead_letters.lock([letter_id]).get(letter_id)
        if letter is None:
            raise NotReplayable(f"There is no dead letter {letter_id}.")
        new, received = corrected(component, letter, body)
        assert received.command_id is not None
        entry = InboxEntry(received.command_id, received.digest, RETRYING, 1, None)
        send_again(unit, new, entry, first=1)
        unit.dead_letters.remove_all([letter_id])
        if operation_id is not None:
            keep_sent(unit.session, operation_id, [Replayed(entry.command_id, cause(letter))], 0)
        unit.commit()
    return entry.command_id
