"""What a visitor is told when something is not done, and with which status."""

from domain.exceptions import NotFound
from persistence.exceptions import PersistenceError
from schemas.exceptions import Undecodable
from worker.exceptions import BrokerUnavailable, NotReplayable, QueueMissing, Unsendable
from worker.runtime.showing import without_secrets


class Refusal(Exception):
    """Something is not done; the message says why, `errors` with which fields."""

    def __init__(
        self, status: int, sentence: str, errors: dict[str, list[str]] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.errors = errors or {}


_STATUS: dict[type[Exception], int] = {
    NotFound: 404,
    Undecodable: 422,
    NotReplayable: 409,
    QueueMissing: 503,
    BrokerUnavailable: 503,
    Unsendable: 422,
    PersistenceError: 503,
}


def refusal(error: Exception) -> Refusal | None:
    """Return what to say of an error that is no bug."""
    if isinstance(error, Refusal):
        return error
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            errors = error.errors if isinstance(error, Undecodable) else None
            return Refusal(status, without_secrets(str(error)), errors)
    return None
