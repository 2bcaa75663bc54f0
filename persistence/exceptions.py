"""What the rest of the program hears of the database: never a driver's exception."""


class PersistenceError(Exception):
    """The database did not do what was asked; the message says what it answered."""


class StorageUnavailable(PersistenceError):
    """The database is away, full, read-only, shutting down or silent: hold and ask again."""


class Silent(StorageUnavailable):
    """Nothing was heard within our own deadline: it is away, or was asked for too much at once."""


class TooSlow(StorageUnavailable):
    """The database ended a transaction that took too long: ask for less at once."""


class Doubtful(StorageUnavailable):
    """The database refuses, for all or for one command alone: its rights, tables or functions."""


class Conflict(PersistenceError):
    """Another transaction was in the way (deadlock, serialization, a lock): do it again."""


class Locked(Conflict):
    """Another transaction holds a lock for longer than we wait for it."""


class Stale(Conflict):
    """The session remembers tables or statements as they were: do it again on a new one."""


class Collision(PersistenceError):
    """Another transaction wrote a row of the same key first: read again, then do it again."""


class Refused(PersistenceError):
    """The database will not take a value of this batch, however often it is asked."""


class NotUndone(PersistenceError):
    """A command failed, and memory cannot undo what it did: do the batch with savepoints."""


class CommandRefused(Exception):
    """The database refused what one command wrote; that is undone, and its neighbours are not."""


class MappingError(Exception):
    """A DTO is mapped in a way that we cannot load, undo and save: found at start."""


class Unsuitable(PersistenceError):
    """The database is not one that we can work with, and what to do then. Not an outage."""

    def __init__(self, what: str, way_out: str = "") -> None:
        super().__init__(f"{what} {way_out}".strip())
        self.what = what
        self.way_out = way_out


class DatabaseBehind(Unsuitable):
    """The database lacks migrations that this program needs."""


class MigrationMissing(Unsuitable):
    """The program has tables or columns that none of its migrations makes."""
