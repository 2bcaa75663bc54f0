"""The session for SQL of a component's own, and for DTOs that are more than columns."""

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

_NOT_YOURS = (
    "The unit of work commits the batch, or rolls it back: raise an exception, and all that the"
    " command did is undone. For a part of it, use `with session.begin_nested():`."
)


class OwnSession(Session):
    """Works in the transaction of a unit of work, and notes what memory could not undo.

    `parts` are the classes of the aggregates that the unit of work keeps by it.
    """

    def __init__(self, machinery: Session) -> None:
        """`machinery`: the session that has the transaction; it begins when one is needed."""
        super().__init__(
            autoflush=False, expire_on_commit=False, join_transaction_mode="rollback_only"
        )
        self._machinery = machinery
        self._joined: Connection | None = None
        self.parts: frozenset[type[Any]] = frozenset()
        self._has_executed = self._has_objects = False
        for name in ("after_attach", "loaded_as_persistent"):
            event.listen(self, name, self._note_object)

    @property
    def may_have_changed(self) -> bool:
        """Tell whether the current command may have changed something by this session."""
        return self._has_executed or self._has_objects

    def begin_command(self) -> None:
        self._has_executed = False

    def get_bind(self, *_: Any, **__: Any) -> Connection:
        if self._joined is None:
            self._joined = self._machinery.connection()
            event.listen(self._joined, "before_cursor_execute", self._note_statement)
        return self._joined

    def connection(self, *arguments: Any, **options: Any) -> Connection:
        self._has_executed = True  # nobody knows what is done with it
        return super().connection(*arguments, **options)

    def commit(self) -> None:
        raise RuntimeError(_NOT_YOURS)

    def rollback(self) -> None:
        raise RuntimeError(_NOT_YOURS)

    def _note_statement(self, connection: Any, cursor: Any, sql: str, *rest: Any) -> None:
        context = rest[1]
        if not (context and context.execution_options.get("of_unit_of_work")):
            self._has_executed = True

    def _note_object(self, session: Session, thing: object) -> None:
        # What it is changed to later, no event tells; so from now on it may be.
        if type(thing) not in self.parts:
            self._has_objects = True
