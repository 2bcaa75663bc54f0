"""Why a command may end otherwise than its sender hoped: the codes that outcomes carry."""

import sys
from collections.abc import Iterator

from domain.exceptions import DomainError
from worker.component import Aggregate

# Codes of `CommandFailed`; docs/wire-format.md says more.
FAILURES = {
    "malformed": "No JSON object in UTF-8, compressed, or of another content type.",
    "unknown-type": "There is no such command, or not in this schema-version.",
    "invalid": "The body does not fit the schema; the reason names the fields.",
    "not-allowed": "This user, or a sender without a name, may not send the command.",
    "too-large": "The body has more bytes than are taken.",
    "failed": "The command could not be applied in any of its attempts.",
    "unsendable": "It failed, and cannot be sent again as it is.",
    "expired": "It waited longer than the expiration that its sender gave it.",
    "cancelled": "It had failed, and somebody has cancelled it before its next attempt.",
    "crash": "Every worker that took it died.",
    "command-id-reused": "Other content came under a known command_id; only the sender is told.",
}


def rejections(aggregate: Aggregate) -> dict[str, str]:
    """Return the codes by which the domain may reject commands of this kind, with a sentence.

    A rejection can be raised only where its class is named: in the modules of the handler and of
    the aggregate, or in those of what they extend.
    """
    found = {error.code: _sentence(error) for error in _named(aggregate)}
    return dict(sorted(found.items()))


def _named(aggregate: Aggregate) -> Iterator[type[DomainError]]:
    owners = (*aggregate.handler.__mro__, *aggregate.aggregate.__mro__)
    for module in {owner.__module__ for owner in owners}:
        for value in vars(sys.modules[module]).values():
            is_rejection = isinstance(value, type) and issubclass(value, DomainError)
            if is_rejection and value is not DomainError:  # which is named to be extended
                yield value


def _sentence(error: type[DomainError]) -> str:
    return (error.__doc__ or "").strip().partition("\n")[0]
