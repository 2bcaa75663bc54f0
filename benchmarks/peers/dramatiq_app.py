"""dramatiq: an actor, acknowledged when it returns, on a classic queue: it makes no other."""

import json
import os

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from benchmarks.peers.publishing import commands, work

broker = RabbitmqBroker(url=os.environ["AMQP_URL"])
dramatiq.set_broker(broker)


@dramatiq.actor(queue_name=f"{os.environ['COMPONENT_NAME']}.commands")
def update_value(body: str) -> None:
    work(json.loads(body))


if __name__ == "__main__":
    for command in commands():
        update_value.send(command)
    broker.close()
