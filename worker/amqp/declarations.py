"""What must exist on the broker: the two queues and the event exchange, as we declare them."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from worker.amqp.nodes import nodes
from worker.settings import Settings

DELIVERY_LIMIT = 20
# RabbitMQ 4 gives up after 20 deliveries where nothing is said; RabbitMQ 3 takes -1 for a limit of
# none at all. A number that is never reached means the same to both.
NO_DELIVERY_LIMIT = 2**31 - 1


class Declaration(NamedTuple):
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


def declarations(settings: Settings) -> list[Declaration]:
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
        Declaration("exchange", settings.event_exchange, {}),
        Declaration("queue", backstop_queue(settings), last_resort, before),
        Declaration("queue", settings.command_queue, arguments),
    ]


def virtual_host(amqp_url: str) -> str:
    """Return the one that the URL names; `/` where it names none."""
    return unquote(urlsplit(nodes(amqp_url)[0]).path[1:]) or "/"


def protecting_policy(queue: str, amqp_url: str) -> str:
    """Return what gives a queue of an earlier release what it lacks: no message is dropped."""
    pattern = "^" + queue.replace(".", r"\.") + "$"
    definition = f'{{"overflow":"reject-publish","delivery-limit":{NO_DELIVERY_LIMIT}}}'
    return (
        f"rabbitmqctl set_policy --vhost '{virtual_host(amqp_url)}' --priority 1000"
        f" --apply-to queues '{queue}' '{pattern}' '{definition}'"
    )
