"""What only the management API tells: policies that take something from us, and who is bound."""

from collections.abc import Iterator
from typing import Any

from worker.amqp.declarations import DELIVERY_LIMIT, NO_DELIVERY_LIMIT, backstop_queue
from worker.amqp.management import Management
from worker.consumer.consumer import GIVE_BACK_AFTER
from worker.doctor.finding import WARNING, WRONG, Finding, ok, unknown, warning
from worker.exceptions import NotAnswered
from worker.settings import Settings

SUBJECT = "topology"
FORBIDDEN = 401, 403


def reachable(settings: Settings) -> tuple[Management | None, Finding]:
    """Return the management API, where it answers us, and what there is to say of it."""
    management = Management.of(settings)
    try:
        management.overview()
    except NotAnswered as error:
        return None, _unreachable(management, error, settings)
    sentence = f"The management API at {management.address} answers."
    return management, ok("broker", sentence)


def _unreachable(management: Management, error: NotAnswered, settings: Settings) -> Finding:
    sentence = (
        f"Policies and bindings cannot be seen: the management API at {management.address} does"
        f" not answer us: {error}."
    )
    if error.code in FORBIDDEN:
        way_out = "Let the user in: rabbitmqctl set_user_tags USER monitoring (USER as in AMQP_URL)"
    else:
        way_out = "Set MANAGEMENT_URL, or look yourself: rabbitmqctl list_policies"
    return (unknown if settings.management_url else warning)("broker", sentence, way_out)


def examine(management: Management, settings: Settings) -> Iterator[Finding]:
    for queue in (settings.command_queue, backstop_queue(settings)):
        try:
            page = management.queue(queue)
        except NotAnswered as error:
            if error.code == 404:
                continue  # told already
            yield unknown(SUBJECT, f"The policies of {queue!r} cannot be seen: {error}.", _AGAIN)
        else:
            yield from _policies(page, is_backstop=queue != settings.command_queue)
    yield from _subscribers(management, settings.event_exchange)


_AGAIN = "Run it again; if it stays: rabbitmqctl list_policies"


def _policies(page: dict[str, Any], *, is_backstop: bool) -> Iterator[Finding]:
    definition = page.get("effective_policy_definition") or {}
    names = [name for key in ("policy", "operator_policy") if (name := page.get(key))]
    harmed = False
    for key, value in definition.items():
        if harm := _harm(key, value, page["arguments"], is_backstop):
            harmed = True
            state, what = harm
            policies, queue = " and ".join(map(repr, names)), page["name"]
            sentence = (
                f"The policy {policies} sets {key} of the queue {queue!r} to {value}: {what}."
            )
            yield Finding(SUBJECT, state, sentence, _KEEP_AWAY)
    if not harmed:
        yield ok(SUBJECT, f"No policy takes anything from the queue {page['name']!r}.")


_KEEP_AWAY = (
    "Take that out of it, or keep it away by a policy for our queues alone with a higher priority:"
    " docs/reliability.md, What our queues must not be given."
)


def _harm(
    key: str, value: Any, arguments: dict[str, Any], is_backstop: bool
) -> tuple[str, str] | None:
    """Return how bad a setting of a policy is for a queue, and what it does there."""
    if key in ("max-length", "max-length-bytes"):
        if arguments.get("x-overflow") == "reject-publish":
            return WARNING, "nothing is lost, but senders are refused beyond it"
        return WRONG, "the oldest messages are dropped beyond it"
    what, below = _LOSSES.get(key), _BELOW.get(key)
    if what is None or (below and not 0 <= value < below[is_backstop]):
        return None
    return WRONG, what[is_backstop]


# Of the command queue, and of the backstop queue.
_HELD = f"deliveries, which may be held for {GIVE_BACK_AFTER:g} s and longer, are taken away"
_LOSSES = {
    "message-ttl": ("commands that wait longer become dead letters", "what waits longer is lost"),
    "expires": ("it is deleted with its messages when nobody consumes it for so long",) * 2,
    "delivery-limit": (
        "commands become dead letters after so few deaths of their consumers",
        "messages are lost after so many deaths of whoever reads it",
    ),
    "consumer-timeout": (_HELD,) * 2,
}
# Such a number, or a larger one, does no harm.
_BELOW = {
    "delivery-limit": (DELIVERY_LIMIT, NO_DELIVERY_LIMIT),
    "consumer-timeout": (2000 * GIVE_BACK_AFTER,) * 2,  # milliseconds
}


def _subscribers(management: Management, exchange: str) -> Iterator[Finding]:
    try:
        bound = len(management.bindings_of(exchange))
    except NotAnswered as error:
        if error.code != 404:
            yield unknown(SUBJECT, f"Who hears our events cannot be seen: {error}.", _AGAIN)
        return
    if bound:
        yield ok(SUBJECT, f"Bound to {exchange!r}, to hear our events: {bound}.")
    else:
        nobody = f"Nobody hears our events: nothing is bound to {exchange!r}."
        yield warning(SUBJECT, nobody, "Let subscribers bind their queues, if there are any.")
