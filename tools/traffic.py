"""Publishes N commands to the broker at AMQP_URL and waits for the event of each. Plain pika."""

import json
import os
import sys
from time import monotonic
from uuid import uuid4

import pika

PATIENCE = 60.0  # seconds


def main(number: int) -> int:
    """Return 1 unless every command has its event in time."""
    parameters = pika.URLParameters(os.environ["AMQP_URL"])
    with pika.BlockingConnection(parameters) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        events = str(channel.queue_declare("", exclusive=True).method.queue)
        channel.queue_bind(events, "component.events")
        started = monotonic()
        missing = {_publish(channel) for _ in range(number)}
        for _, _, body in channel.consume(events, auto_ack=True, inactivity_timeout=1):
            if body is not None:
                missing.discard(json.loads(body)["command_id"])
            if not missing or monotonic() - started > PATIENCE:
                break
        seconds = monotonic() - started
    print(f"published {number} commands; after {seconds:.1f} s {len(missing)} events were missing")
    return 1 if missing else 0


def _publish(channel: pika.adapters.blocking_connection.BlockingChannel) -> str:
    command_id = str(uuid4())
    properties = pika.BasicProperties(
        type="entity.Create", content_type="application/json", delivery_mode=2
    )
    body = json.dumps({"command_id": command_id, "entity_id": str(uuid4())}).encode()
    channel.basic_publish("", "component.commands", body, properties, mandatory=True)
    return command_id


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
