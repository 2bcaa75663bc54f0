"""Setting aside what cannot go out, so that what waits behind it can.

One transaction each: the row goes, a dead letter comes. Who finds the row gone leaves it at that.
"""

import json
from typing import Any

import structlog

from domain.messages import CommandID
from persistence.dead_letters import UNSENDABLE
from persistence.endings import DUPLICATE
from persistence.messages import DeadLetter, OutgoingMessage, StoredCommand
from persistence.relay_queries import OutboxRow, RetryRow
from persistence.unit_of_work import UnitOfWork
from schemas.codec import uuid_or_none
from worker.amqp.wire import ATTEMPT_HEADER, from_store, printable
from worker.component import Component
from worker.consumer.naming import line_about, line_about_outgoing
from worker.consumer.reading import Reader, Received
from worker.consumer.settlement import Settlement

log = structlog.get_logger()

SENT_AS = "sent-as"  # what the dead letter was: `event` or `reply`; absent where it is a command


def give_up_message(component: Component, row: OutboxRow, kind: str, reason: str) -> bool:
    """Set an event or a reply aside, whole, so that it can be put back; False if it had gone."""
    message = row.message
    properties = {
        SENT_AS: kind,
        "message_id": message.message_id,
        "correlation_id": message.correlation_id,
        "timestamp": message.timestamp,
        "headers": _storable(message.headers),
        "reply_to": row.reply_to,
        "aggregate_id": row.aggregate_id and str(row.aggregate_id),
    }
    headers = message.headers if isinstance(message.headers, dict) else {}
    letter = DeadLetter(
        kind=UNSENDABLE,
        reason=printable(reason),
        command=StoredCommand(message.body.encode(errors="surrogatepass"), properties),
        command_id=uuid_or_none(headers.get("causation-id")),
        type=message.type,
    )
    with component.unit_of_work() as unit:
        if not unit.outbox.remove(row.id):
            return False
        unit.dead_letters.add(letter)
        unit.commit()
    log.error(
        **line_about_outgoing(
            component,
            message,
            row.aggregate_id,
            f"this {kind} cannot be sent and is set aside",
            reason=printable(reason),
        )
    )
    return True


def put_back(unit: UnitOfWork, type: str, body: bytes, properties: dict[str, Any]) -> None:
    """Have the relay try an event or a reply again that was set aside."""
    message = OutgoingMessage(
        type=type,
        body=body.decode(),
        message_id=properties["message_id"],
        correlation_id=properties["correlation_id"],
        timestamp=properties["timestamp"],
        headers=properties["headers"],
    )
    unit.outbox.add(
        message,
        reply_to=properties["reply_to"],
        aggregate_id=uuid_or_none(properties["aggregate_id"]),
    )


def give_up_retry(component: Component, row: RetryRow, reason: str) -> bool:
    """End the command of a retry as failed; False if nobody waited for it any more."""
    with component.unit_of_work() as unit:
        command = _command(component, unit, row)
        if not unit.retries.remove(row.id):
            return False
        settlement = Settlement(unit, component.handlers(unit), component)
        ending = settlement.unsendable(command, printable(reason))
        unit.commit()
    if ending == DUPLICATE:
        return False
    log.error(
        **line_about(
            component,
            command,
            "this retry cannot be sent; its command is given up",
            reason=printable(reason),
        )
    )
    return True


def _command(component: Component, unit: UnitOfWork, row: RetryRow) -> Received:
    """Return what is sent again. Who waits for it, the row says: its message may be spoilt."""
    message = from_store(row.command)
    if row.attempt is not None:
        message = message._replace(headers={**message.headers, ATTEMPT_HEADER: row.attempt})
    received = Reader(component.codec, component.settings.max_message_bytes).read(message)
    command_id = row.command_id or received.command_id
    if command_id is None:
        return received
    unit.inbox.read([command_id])
    known = unit.inbox.get(command_id) if row.command_id else None
    digest = known.digest if known else received.digest
    return received._replace(command_id=CommandID(command_id), digest=digest)


def _storable(headers: Any) -> Any:
    """Return the headers, or their text where JSON has no form for them (a number too large)."""
    try:
        json.dumps(headers, allow_nan=False)
    except (ValueError, RecursionError):
        return printable(headers)
    return headers
