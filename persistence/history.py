"""What is still known of the events of one aggregate: none is kept for good."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from persistence.database import Database
from persistence.inbox import inbox
from persistence.messages import OutgoingMessage
from persistence.outbox import outbox
from persistence.translation import driver_errors

SEARCHED = 20_000  # of the latest commands: no index leads from an aggregate to them
AGGREGATE_ID = "aggregate-id"  # the header that names it


class KnownEvent(NamedTuple):
    """An event as it was published, or `is_waiting` to be. `at`: when its command had ended."""

    message: OutgoingMessage
    at: datetime | None
    is_waiting: bool


def known_events(
    database: Database, component: str, aggregate_id: UUID, limit: int
) -> list[KnownEvent]:
    """Return events of the aggregate, the newest first.

    Those the relay has not sent yet, and the first of each of the latest commands, as the inbox
    keeps it for who asks again.
    """
    own = outbox.c.component == component, outbox.c.reply_to.is_(None)
    unsent = select(outbox).where(*own, outbox.c.aggregate_id == aggregate_id)
    latest = (
        select(inbox.c.outcome, inbox.c.recorded_at)
        .where(inbox.c.component == component)
        .order_by(inbox.c.recorded_at.desc())
        .limit(SEARCHED)
        .subquery()
    )
    named = latest.c.outcome[("headers", AGGREGATE_ID)].as_string() == str(aggregate_id)
    ended = select(latest).where(named).order_by(latest.c.recorded_at.desc()).limit(limit)
    with driver_errors(), database.engine.connect() as connection:
        rows = connection.execute(unsent.order_by(outbox.c.id.desc()).limit(limit)).all()
        waiting = [KnownEvent(OutgoingMessage.restored(row._asdict()), None, True) for row in rows]
        rows = connection.execute(ended).all()
        known = [
            KnownEvent(OutgoingMessage.restored(row.outcome), row.recorded_at, False)
            for row in rows
        ]
    ids = {event.message.message_id for event in waiting}
    return [*waiting, *(e for e in known if e.message.message_id not in ids)][:limit]
