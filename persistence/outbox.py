"""Messages to publish, stored in the transaction that made them true."""

from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, Index, Table, Text, Uuid, text
from sqlalchemy.orm import Session

from persistence.columns import SerialKey, metadata
from persistence.inserts import Inserts
from persistence.messages import OutgoingMessage


def _where(condition: str) -> dict[str, Any]:
    return {f"{dialect}_where": text(condition) for dialect in ("postgresql", "sqlite")}


outbox = Table(
    "outbox",
    metadata,
    Column("id", SerialKey, primary_key=True),
    Column("component", Text, nullable=False),
    # NULL: an event, for everyone; else the queue that asked for the outcome.
    Column("reply_to", Text),
    # The relay may not overtake an unconfirmed row of the same aggregate.
    Column("aggregate_id", Uuid),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("headers", JSON, nullable=False),
    # What waits for one kind shall not be in the way of a look for the other.
    Index("ix_outbox_events", "component", "id", **_where("reply_to IS NULL")),
    Index("ix_outbox_replies", "component", "id", **_where("reply_to IS NOT NULL")),
    sqlite_autoincrement=True,
    # Rows live for milliseconds: clean up by their number, not by their share of the table.
    postgresql_with={
        "autovacuum_vacuum_scale_factor": "0",
        "autovacuum_vacuum_threshold": "5000",
        "autovacuum_vacuum_cost_delay": "0",
    },
)


def relay_name(component: str) -> str:
    """Return the name of the relay's lock, and of the notifications that wake it."""
    return f"{component}.outbox"


class Outbox(Inserts):
    """Messages to publish once this transaction has committed."""

    def __init__(self, session: Session, component: str) -> None:
        super().__init__(session, outbox, component)

    def add(
        self,
        message: OutgoingMessage,
        *,
        reply_to: str | None = None,
        aggregate_id: UUID | None = None,
    ) -> None:
        self._rows.append(
            {
                "component": self._component,
                "reply_to": reply_to,
                "aggregate_id": aggregate_id,
                **message._asdict(),
            }
        )
