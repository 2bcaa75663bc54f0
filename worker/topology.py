"""What must exist on the broker. Declaring it again changes nothing."""

from pika.channel import Channel
from pika.exchange_type import ExchangeType

from worker.broker import Broker
from worker.exceptions import BrokerUnavailable, TopologyMismatch
from worker.settings import Settings

DELIVERY_LIMIT = 20
PRECONDITION_FAILED = 406  # the AMQP reply code


def backstop_queue(settings: Settings) -> str:
    """Return the queue for commands that killed every consumer that took them."""
    return f"{settings.command_queue}.dead"


def declare(broker: Broker, channel: Channel, settings: Settings) -> None:
    """Declare the command queue, its backstop and the event exchange.

    Raises `TopologyMismatch` where one of them exists with other arguments.
    """
    try:
        _declare(broker, channel, settings)
    except BrokerUnavailable as error:
        if error.code == PRECONDITION_FAILED:
            raise TopologyMismatch(str(error)) from error
        raise


def _declare(broker: Broker, channel: Channel, settings: Settings) -> None:
    backstop = backstop_queue(settings)
    broker.call(
        channel.exchange_declare,
        exchange=settings.event_exchange,
        exchange_type=ExchangeType.fanout,
        durable=True,
    )
    last_resort: dict[str, object] = {"x-queue-type": "quorum"}
    if broker.major_version >= 4:
        # From then on a quorum queue gives messages up by default; before, -1 is no limit it knows.
        last_resort["x-delivery-limit"] = -1
    broker.call(channel.queue_declare, queue=backstop, durable=True, arguments=last_resort)
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": backstop,
        # Together these two make dead-lettering safe: the broker waits for the backstop's confirm.
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    if settings.single_active_consumer:
        arguments["x-single-active-consumer"] = True
    broker.call(
        channel.queue_declare, queue=settings.command_queue, durable=True, arguments=arguments
    )
