"""Declares what must exist on the broker, and meets what is there already."""

from functools import cache
from typing import Any

import structlog
from pika.exchange_type import ExchangeType

from worker.amqp.broker import Broker
from worker.amqp.declarations import Declaration, declarations, protecting_policy
from worker.exceptions import BrokerUnavailable, TopologyMismatch
from worker.settings import Settings

log = structlog.get_logger()

ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED = 403, 404, 406  # AMQP reply codes


def declare(broker: Broker, settings: Settings) -> None:
    """Declare the command queue, its backstop and the event exchange, or find them declared.

    Raises `TopologyMismatch` where one of them exists with arguments that were never ours, and
    `BrokerUnavailable` where one of them is missing and we may not declare it.
    """
    for wanted in declarations(settings):
        if settings.declare:
            _declare(broker, wanted, settings)
        else:
            _find(broker, wanted, "DECLARE is false")


def _declare(broker: Broker, wanted: Declaration, settings: Settings) -> None:
    try:
        attempt(broker, wanted, wanted.arguments)
    except BrokerUnavailable as error:
        if error.code == ACCESS_REFUSED:
            _find(broker, wanted, str(error))
        elif error.code == PRECONDITION_FAILED:
            _meet(broker, wanted, settings, error)
        else:
            raise


def _meet(
    broker: Broker, wanted: Declaration, settings: Settings, refusal: BrokerUnavailable
) -> None:
    """Use what an earlier release declared as it is."""
    for arguments in wanted.earlier:
        try:
            attempt(broker, wanted, arguments)
        except BrokerUnavailable as error:
            if error.code != PRECONDITION_FAILED:
                raise
            refusal = error
        else:
            return _advise(wanted.name, settings.amqp_url)
    if not _exists(broker, wanted):
        raise refusal  # of a limit, say: how many queues there may be
    raise TopologyMismatch(
        f"The {wanted} was declared otherwise: {refusal}. Set what it was declared with. Or delete"
        " it, without loss once it is empty: let the workers that it was declared for work it off"
        " and stop them, or move its messages to another queue with a shovel."
    ) from refusal


def _exists(broker: Broker, wanted: Declaration) -> bool:
    try:
        attempt(broker, wanted)
    except BrokerUnavailable as error:
        if error.code not in (NOT_FOUND, ACCESS_REFUSED):
            raise
        return error.code == ACCESS_REFUSED  # not ours to look at, but it was compared
    return True


def _find(broker: Broker, wanted: Declaration, why_not: str) -> None:
    """Go on where somebody else has declared it."""
    try:
        attempt(broker, wanted)
    except BrokerUnavailable as error:
        if error.code == NOT_FOUND:
            raise BrokerUnavailable(
                f"the {wanted} is missing, and we do not declare it: {why_not}. Let somebody who"
                " may run `python -m worker declare`, or give our user the configure right, or"
                " import what `python -m worker doctor --definitions` prints",
                NOT_FOUND,
            ) from error
        if error.code != ACCESS_REFUSED:
            raise
        # From RabbitMQ 4.3 on, a user without any right on it may not even look whether it is
        # there. We go on: if it is missing, its first use will fail and say so.
        log.debug("not looked for", what=str(wanted), error=str(error))


def attempt(broker: Broker, wanted: Declaration, arguments: dict[str, Any] | None = None) -> Any:
    """Declare it so; without arguments only ask whether it is there. Return the broker's answer."""
    options: dict[str, Any] = {wanted.kind: wanted.name, "passive": arguments is None}
    if wanted.kind == "exchange":
        options["exchange_type"] = ExchangeType.fanout
    return broker.attempt(f"{wanted.kind}_declare", durable=True, arguments=arguments, **options)


@cache  # once a process, however often it connects
def _advise(queue: str, amqp_url: str) -> None:
    log.warning(
        "an earlier release declared this queue; it is used as it is, but messages may be dropped"
        " from it: at a limit that a policy sets, from RabbitMQ 4 on after 20 deliveries. This"
        " policy prevents it; or stop the workers and delete the queue while it is empty",
        queue=queue,
        policy=protecting_policy(queue, amqp_url),
    )
