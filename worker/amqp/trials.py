"""What a broker has and lets us do, found out by trying what does no harm.

Rights are looked at first and arguments after them. So what has an argument that no broker takes is
refused in any case, and the refusal tells whether we would have had the right.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from pika.channel import Channel

from worker.amqp.broker import Broker
from worker.amqp.declarations import Declaration
from worker.amqp.topology import ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED, attempt
from worker.exceptions import BrokerUnavailable

QUEUE_TYPE = "x-queue-type"
DEFAULT_EXCHANGE = "amq.default"  # as permissions name it; on the wire its name is empty
_NO_ARGUMENT: dict[str, dict[str, Any]] = {
    "queue": {"x-expires": "no number"},
    "exchange": {"alternate-exchange": 0},  # no name
}


class Seen(NamedTuple):
    """A queue or an exchange as it is found; None where it may not be looked at."""

    declaration: Declaration
    exists: bool | None
    messages: int = 0
    consumers: int = 0


class Comparison(NamedTuple):
    """How it was declared. None: not as we declare it, nor as an earlier release did."""

    is_earlier: bool | None
    difference: str = ""  # in the broker's words


def see(broker: Broker, declaration: Declaration) -> Seen:
    """Look whether it is there, and how much waits in it."""
    try:
        answer = attempt(broker, declaration)
    except BrokerUnavailable as error:
        if error.code not in (NOT_FOUND, ACCESS_REFUSED):
            raise
        return Seen(declaration, False if error.code == NOT_FOUND else None)
    counts = (getattr(answer, name, 0) for name in ("message_count", "consumer_count"))
    return Seen(declaration, True, *counts)


def compare(broker: Broker, declaration: Declaration) -> Comparison:
    """Declare what exists once more: that changes nothing, and is refused where it differs.

    Raises `BrokerUnavailable` where we may not declare.
    """
    differences = []
    for number, arguments in enumerate((declaration.arguments, *declaration.earlier)):
        difference = _difference(broker, declaration, arguments)
        if difference is None:
            return Comparison(number > 0)
        differences.append(difference)
    return Comparison(None, _of_type(broker, declaration) or differences[0])


def _difference(broker: Broker, declaration: Declaration, arguments: dict[str, Any]) -> str | None:
    try:
        attempt(broker, declaration, arguments)
    except BrokerUnavailable as error:
        if error.code != PRECONDITION_FAILED:
            raise
        return str(error)
    return None


def _of_type(broker: Broker, declaration: Declaration) -> str | None:
    """Return what the broker says where the type itself differs, of several differences."""
    alone = {name: v for name, v in declaration.arguments.items() if name == QUEUE_TYPE}
    difference = _difference(broker, declaration, alone)
    return difference if difference and QUEUE_TYPE in difference else None


def may_configure(broker: Broker, declaration: Declaration) -> bool:
    """Try to declare it with an argument that no broker takes."""
    return not _is_refused(lambda: attempt(broker, declaration, _NO_ARGUMENT[declaration.kind]))


def may_read(broker: Broker, queue: str) -> bool:
    """Try to consume with a priority that is no number."""
    arguments = {"x-priority": "no number"}
    return not _is_refused(
        lambda: broker.attempt(
            "basic_consume", queue=queue, on_message_callback=_ignore, arguments=arguments
        )
    )


def may_write(broker: Broker, exchange: str) -> bool:
    """Publish in a transaction, and take it back."""
    name = "" if exchange == DEFAULT_EXCHANGE else exchange

    def publish(channel: Channel) -> None:
        channel.tx_select()
        channel.basic_publish(name, "", b"")

    return not _is_refused(lambda: broker.attempt("tx_rollback", before=publish))


def _is_refused(trial: Callable[[], object]) -> bool:
    try:
        trial()
    except BrokerUnavailable as error:
        if error.code not in (ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED):
            raise
        return error.code == ACCESS_REFUSED
    return False


def _ignore(*delivery: object) -> None:
    """Take nothing: there is no consumer, as it was refused."""
