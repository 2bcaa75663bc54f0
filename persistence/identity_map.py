"""What a transaction knows of the aggregates of one type: their DTOs, versions and events."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Generic
from uuid import UUID

from domain.messages import Event
from persistence.dtos import D, Row, SavedEvent, State
from persistence.removed import Removed
from persistence.translation import driver_errors


class IdentityMap(ABC, Generic[D]):
    """The DTOs of one aggregate type that a batch works with.

    Rows are locked when they are read and stay locked to the end of the transaction.
    """

    def __init__(self, aggregate_type: str, removed: Removed | None) -> None:
        """`removed` is None where no aggregate of this type is ever removed."""
        self._type = aggregate_type
        self._removed = removed
        self._rows: dict[UUID, Row[D]] = {}
        self._touched: list[Row[D]] = []
        self._locked: list[UUID] = []  # since the command began
        self.saved: list[SavedEvent] = []

    def lock(self, ids: Iterable[UUID]) -> None:
        """Lock and load these aggregates, where they exist, in one query and the order of ids."""
        ids = {aggregate_id for aggregate_id in ids if aggregate_id not in self._rows}
        if not ids:
            return
        with driver_errors():
            found = self._load(ids)
            left = self._left(ids - found.keys())
        self._rows.update((each, Row(each, found.get(each))) for each in ids)
        for aggregate_id, version in left.items():
            self._rows[aggregate_id].left = version
        self._locked += ids

    def get(self, aggregate_id: UUID) -> D | None:
        return self._touch(aggregate_id).dto

    def put(self, dto: D, events: Sequence[Event]) -> None:
        """Keep the DTO as it is now, and give its events their versions."""
        row = self._touch(dto.id)
        self._count(row, dto, events)
        row.dto = dto

    def remove(self, dto: D, events: Sequence[Event]) -> None:
        """Let the aggregate be gone; the last of its events has the last of its versions."""
        if self._removed is None:
            raise TypeError(
                f"Aggregates of type {self._type!r} cannot be removed: give their repository"
                " removable=True, so that the versions of a later one under the same id go on."
            )
        row = self._touch(dto.id)
        self._count(row, dto, events)
        row.dto, row.gone = None, dto

    def begin_command(self) -> None:
        """Forget how to undo what was done so far."""
        for row in self._touched:
            row.before = None
        self._touched.clear()
        self._locked.clear()
        self.saved.clear()

    @property
    def is_undoable(self) -> bool:
        """Tell whether `undo_command` takes back all that was done since `begin_command`."""
        return True

    def undo_command(self, *, to_savepoint: bool = False) -> None:
        """Take back what was done since `begin_command`, in memory.

        `to_savepoint`: the database has taken it back already, and with it the latest locks.
        """
        for row in self._touched:
            assert row.before is not None
            row.dto, row.gone, row.stored, row.left, row.is_changed, state = row.before
            if row.dto is not None:
                self._restore(row.dto, state)
        if to_savepoint:
            for aggregate_id in self._locked:
                del self._rows[aggregate_id]
            self._drop_unsaved(self._touched)  # and so they are read anew
        self.begin_command()

    def write(self) -> None:
        """Store new and changed rows, in the order of ids, and delete what is gone."""
        self._write(self._rows.values())

    def write_command(self) -> None:
        """Do that for the current command alone."""
        self._write(self._touched)

    def _write(self, rows: Iterable[Row[D]]) -> None:
        changed = sorted((row for row in rows if row.is_changed), key=_key)
        self._drop_unsaved([row for row in rows if not row.is_changed])
        if not changed:
            return
        self._store(changed)
        if self._removed:
            came = {row.key: row.left for row in changed if row.stored is None}
            gone = {row.key: row.last for row in changed if row.dto is None}
            if came or gone:
                self._removed.replace(came, gone)
        for row in changed:
            row.left = row.last if row.dto is None else 0
            row.stored, row.gone, row.is_changed = row.dto, None, False

    def forget(self) -> None:
        """Let everything go: the transaction has ended."""
        self._rows.clear()
        self._touched.clear()
        self.saved.clear()

    def _left(self, missing: set[UUID]) -> Mapping[UUID, int]:
        return self._removed.read(missing) if self._removed and missing else {}

    def _count(self, row: Row[D], dto: D, events: Sequence[Event]) -> None:
        """Give events their versions: one more each than the last of this id, also of one gone."""
        if row.dto is None and (last := row.last):
            dto.version = last
        for event in events:
            dto.version += 1
            self.saved.append(SavedEvent(event, self._type, dto.id, dto.version))
        row.is_changed = True

    def _touch(self, aggregate_id: UUID) -> Row[D]:
        """Return what is known, and remember what it was before this command."""
        row = self._rows.get(aggregate_id)
        if row is None:
            self.lock([aggregate_id])
            row = self._rows[aggregate_id]
        if row.before is None:
            state = () if row.dto is None else self._remember(row.dto)
            row.before = (row.dto, row.gone, row.stored, row.left, row.is_changed, state)
            self._touched.append(row)
        return row

    @abstractmethod
    def _load(self, ids: Iterable[UUID]) -> dict[UUID, D]:
        """Lock and return those of these that exist."""

    @abstractmethod
    def _remember(self, dto: D) -> State:
        """Return what `_restore` needs."""

    @abstractmethod
    def _restore(self, dto: D, state: State) -> None:
        """Make the DTO again what it was when its state was remembered."""

    @abstractmethod
    def _drop_unsaved(self, rows: Iterable[Row[D]]) -> None:
        """See to it that the session writes nothing of these, which were not saved."""

    @abstractmethod
    def _store(self, changed: Sequence[Row[D]]) -> None:
        """Insert, update and delete these rows.

        One that came and went within the batch is inserted too: two who do that shall collide.
        """


_key = attrgetter("key.int")  # sorts as PostgreSQL does, and faster than UUIDs themselves
