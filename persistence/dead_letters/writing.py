"""Dead letters in a transaction of the worker: kept, sent again, removed."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from persistence.bulk import among, among_these
from persistence.dead_letters.fingerprint import fingerprint
from persistence.dead_letters.table import (
    MAX_BODY_BYTES,
    UNSENDABLE,
    DeadLetterView,
    dead_letters,
    view,
)
from persistence.inserts import Inserts
from persistence.messages import DeadLetter
from persistence.translation import driver_errors


class DeadLetters(Inserts):
    """Messages given up in this transaction, each kept with its reason."""

    def __init__(self, session: Session, component: str, now: Callable[[], datetime]) -> None:
        """`now`: the database's time."""
        super().__init__(session, dead_letters, component)
        self._now = now

    def add(self, letter: DeadLetter) -> None:
        kept = None if letter.kind == UNSENDABLE else MAX_BODY_BYTES
        self._rows.append(
            {
                "component": self._component,
                "kind": letter.kind,
                "reason": letter.reason,
                "command_id": letter.command_id,
                "type": letter.type,
                "errors": letter.errors,
                "traceback": letter.traceback,
                "attempts": letter.attempts,
                "body": letter.command.body[:kept],
                "body_bytes": len(letter.command.body),
                "properties": letter.command.properties,
                "died_at": self._now(),
                "fingerprint": fingerprint(
                    letter.kind, letter.type, letter.reason, letter.traceback
                ),
            }
        )

    def lock(self, letter_ids: Iterable[int]) -> dict[int, DeadLetterView]:
        """Return those of these letters that are there; nobody else takes them meanwhile."""
        dialect = self._session.get_bind().dialect
        own = dead_letters.c.component == self._component
        query = select(dead_letters).where(own, among(dialect, dead_letters.c.id))
        ordered = query.order_by(dead_letters.c.id).with_for_update()
        with driver_errors():
            rows = self._session.execute(ordered, among_these(dialect, letter_ids)).mappings()
            return {row["id"]: view(row) for row in rows}

    def remove_all(self, letter_ids: Iterable[int]) -> None:
        """Remove letters that are locked."""
        dialect = self._session.get_bind().dialect
        removal = delete(dead_letters).where(among(dialect, dead_letters.c.id))
        with driver_errors():
            self._session.execute(removal, among_these(dialect, letter_ids))
