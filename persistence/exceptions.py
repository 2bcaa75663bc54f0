"""What the rest of the program hears of the database: never a driver's exception."""


class PersistenceError(Exception):
    """The database did not do what was asked; the message says what it answered."""


class StorageUnavailable(PersistenceError):
    """The database is away, full, read-only, shutting down or silent: hold and ask again."""


class Conflict(PersistenceError):
    """Another transaction was in the way (deadlock, serialization, lock timeout): do it again."""


class Collision(PersistenceError):
    """Another transaction wrote a row of the same key first: read again, then do it again."""


class Refused(PersistenceError):
    """The database will not take a value of this batch, however often it is asked."""


class MappingError(Exception):
    """A DTO is mapped in a way that we cannot load, undo and save: found at start."""


class Unsuitable(PersistenceError):
    """The database is not one that we can work with; the message says what to do. Not an outage."""


class SchemaBehind(Unsuitable):
    """The database lacks migrations that this program needs."""
