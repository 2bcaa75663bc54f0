"""What must exist on the broker, and how we meet what is there already."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import structlog
from pika.exchange_type import ExchangeType

from worker.amqp.broker import Broker
from worker.amqp.nodes import nodes
from worker.exceptions import BrokerUnavailable, TopologyMismatch
from worker.settings import Settings

log = structlog.get_logger()

DELIVERY_LIMIT = 20
# RabbitMQ 4 gives up after 20 deliveries where nothing is said; RabbitMQ 3 takes -1 for a limit of
# none at all. A number that is never reached means the same to both.
NO_DELIVERY_LIMIT = 2**31 - 1

ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED = 403, 404, 406  # AMQP reply codes


class _Object(NamedTuple):
    """A queue or an exchange: how we declare it today, and how earlier releases did."""

    kind: str
    name: str
    arguments: dict[str, Any]
    earlier: Sequence[dict[str, Any]] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"


def backstop_queue(settings: Settings) -> str:
    """Return the queue for commands that killed every consumer that took them."""
    return f"{settings.command_queue}.dead"


def declare(broker: Broker, settings: Settings) -> None:
    """Declare the command queue, its backstop and the event exchange, or find them declared.

    Raises `TopologyMismatch` where one of them exists with arguments that were never ours, and
    `BrokerUnavailable` where one of them is missing and we may not declare it.
    """
    for wanted in _objects(settings):
        if settings.declare:
            _declare(broker, wanted, settings)
        else:
            _find(broker, wanted, "DECLARE is false")


def _objects(settings: Settings) -> list[_Object]:
    quorum: dict[str, Any] = {"x-queue-type": "quorum"}
    last_resort = {
        **quorum,
        "x-delivery-limit": NO_DELIVERY_LIMIT,
        # A policy may limit the backstop queue. What finds no room there then waits in the
        # command queue, instead of pushing older messages out.
        "x-overflow": "reject-publish",
    }
    arguments = {
        **quorum,
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": backstop_queue(settings),
        # Together these two make dead-lettering safe: the broker waits for the backstop's confirm.
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    if settings.single_active_consumer:
        arguments["x-single-active-consumer"] = True
    before = [quorum, {**quorum, "x-delivery-limit": -1}]  # on RabbitMQ 3, and on 4
    return [
        _Object("exchange", settings.event_exchange, {}),
        _Object("queue", backstop_queue(settings), last_resort, before),
        _Object("queue", settings.command_queue, arguments),
    ]


def _declare(broker: Broker, wanted: _Object, settings: Settings) -> None:
    try:
        _attempt(broker, wanted, wanted.arguments)
    except BrokerUnavailable as error:
        if error.code == ACCESS_REFUSED:
            _find(broker, wanted, str(error))
        elif error.code == PRECONDITION_FAILED:
            _meet(broker, wanted, settings, error)
        else:
            raise


def _meet(broker: Broker, wanted: _Object, settings: Settings, refusal: BrokerUnavailable) -> None:
    """Use what an earlier release declared as it is."""
    for arguments in wanted.earlier:
        try:
            _attempt(broker, wanted, arguments)
        except BrokerUnavailable as error:
            if error.code != PRECONDITION_FAILED:
                raise
            refusal = error
        else:
            return _advise(wanted.name, settings.amqp_url)
    raise TopologyMismatch(
        f"The {wanted} was declared otherwise: {refusal}. Set what it was declared with. Or delete"
        " it, without loss once it is empty: let the workers that it was declared for work it off"
        " and stop them, or move its messages to another queue with a shovel."
    ) from refusal


def _find(broker: Broker, wanted: _Object, why_not: str) -> None:
    """Go on where somebody else has declared it."""
    try:
        _attempt(broker, wanted)
    except BrokerUnavailable as error:
        if error.code == NOT_FOUND:
            raise BrokerUnavailable(
                f"the {wanted} is missing, and we do not declare it: {why_not}. Let somebody who"
                " may run `python -m worker declare`, or give our user the configure right",
                NOT_FOUND,
            ) from error
        if error.code != ACCESS_REFUSED:
            raise
        # From RabbitMQ 4.3 on, a user without any right on it may not even look whether it is
        # there. We go on: if it is missing, its first use will fail and say so.
        log.debug("not looked for", what=str(wanted), error=str(error))


def _attempt(broker: Broker, wanted: _Object, arguments: dict[str, Any] | None = None) -> None:
    """Declare it so; without arguments only ask whether it is there."""
    options: dict[str, Any] = {wanted.kind: wanted.name, "passive": arguments is None}
    if wanted.kind == "exchange":
        options["exchange_type"] = ExchangeType.fanout
    broker.attempt(f"{wanted.kind}_declare", durable=True, arguments=arguments, **options)


@cache  # once a process, however often it connects
def _advise(queue: str, amqp_url: str) -> None:
    vhost = unquote(urlsplit(nodes(amqp_url)[0]).path[1:])
    pattern = "^" + queue.replace(".", r"\.") + "$"
    definition = f'{{"overflow":"reject-publish","delivery-limit":{NO_DELIVERY_LIMIT}}}'
    log.warning(
        "an earlier release declared this queue; it is used as it is, but messages may be dropped"
        " from it: at a limit that a policy sets, from RabbitMQ 4 on after 20 deliveries. This"
        " policy prevents it; or stop the workers and delete the queue while it is empty",
        queue=queue,
        policy=f"rabbitmqctl set_policy --vhost '{vhost}' --priority 1000 --apply-to queues"
        f" '{queue}' '{pattern}' '{definition}'",
    )
