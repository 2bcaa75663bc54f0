"""Queues and exchange: whether they are as they should be."""

from collections.abc import Iterator, Sequence
from typing import Any

from worker.amqp import trials
from worker.amqp.broker import Broker
from worker.amqp.declarations import Declaration, protecting_policy
from worker.amqp.management import Management
from worker.amqp.topology import ACCESS_REFUSED, NOT_FOUND
from worker.amqp.trials import Comparison, Seen
from worker.doctor.finding import Finding, ok, warning, wrong
from worker.exceptions import BrokerUnavailable, NotAnswered
from worker.settings import Settings

SUBJECT = "topology"
_MISSING = {
    True: "Start the worker, or run `python -m worker declare`: either declares it.",
    False: "Import what stands below, or let somebody who may run `python -m worker declare`.",
}
_OTHERWISE = (
    "Let the workers that it was declared for work it off and stop them, delete it while it is"
    " empty, and run `python -m worker declare`."
)


def look(broker: Broker, declaration: Declaration, management: Management | None) -> Seen:
    """Return what is there. From RabbitMQ 4.3 on, who may not declare may not even look."""
    seen = trials.see(broker, declaration)
    if seen.exists is not None or management is None:
        return seen
    try:
        page = getattr(management, declaration.kind)(declaration.name)
    except NotAnswered as error:
        if error.code != NOT_FOUND:
            raise
        return Seen(declaration, exists=False)
    return Seen(declaration, True, page.get("messages", 0), page.get("consumers", 0))


def examine(
    broker: Broker, seen: Seen, management: Management | None, settings: Settings
) -> Iterator[Finding]:
    """Look at one queue or exchange; of several ways the one for which our rights are enough."""
    declaration = seen.declaration
    if seen.exists is False:
        yield wrong(SUBJECT, f"The {declaration} is missing.", _MISSING[settings.declare])
        return
    comparison = _compared(broker, declaration, management)
    if comparison is None:
        yield warning(
            SUBJECT,
            f"How the {declaration} was declared cannot be seen: our user has no configure right.",
            "Run the doctor as a user who has it, or where there is a management API.",
        )
    elif comparison.is_earlier is None:
        what = f"The {declaration} was declared otherwise: {comparison.difference}."
        yield wrong(SUBJECT, what, _OTHERWISE)
    elif comparison.is_earlier:
        yield warning(
            SUBJECT,
            f"An earlier release has declared the {declaration}; a limit may drop its messages.",
            f"Set a policy: {protecting_policy(declaration.name, settings.amqp_url)}",
        )
    else:
        yield ok(SUBJECT, f"The {declaration} is as we declare it: {_kind(declaration)}.")


def _compared(
    broker: Broker, declaration: Declaration, management: Management | None
) -> Comparison | None:
    try:
        return trials.compare(broker, declaration)
    except BrokerUnavailable as error:
        if error.code != ACCESS_REFUSED:
            raise
    return _by_page(declaration, management) if management else None


def _by_page(declaration: Declaration, management: Management) -> Comparison:
    """Compare with what the management API shows."""
    if declaration.kind == "exchange":
        there = {"type": management.exchange(declaration.name)["type"]}
        return _comparison(there, {"type": "fanout"})
    page = management.queue(declaration.name)
    there = {"x-queue-type": page["type"], **page["arguments"]}
    return _comparison(there, declaration.arguments, declaration.earlier)


def _comparison(
    there: dict[str, Any], wanted: dict[str, Any], earlier: Sequence[dict[str, Any]] = ()
) -> Comparison:
    if there == wanted or there in earlier:
        return Comparison(there != wanted)
    names = sorted(name for name in wanted | there if there.get(name) != wanted.get(name))
    differences = (f"{n} is {there.get(n)!r} instead of {wanted.get(n)!r}" for n in names)
    return Comparison(None, ", ".join(differences))


def _kind(declaration: Declaration) -> str:
    return str(declaration.arguments.get("x-queue-type", "fanout"))
