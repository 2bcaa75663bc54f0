"""Changes entities from outside: plain pika, nothing of ours.

With the component running (`make run` prints its broker's URL):

    python -m examples.entity AMQP_URL
"""

import json
import sys
from itertools import islice
from uuid import uuid4

import pika


def main(url: str = "amqp://guest:guest@127.0.0.1:5672/%2F", component: str = "component") -> None:
    """Publish three commands, and print the events and the replies that they lead to."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, f"{component}.events")
    entity_id = str(uuid4())
    commands = [
        ("entity.Create", {"entity_id": entity_id}),
        ("entity.UpdateValue", {"entity_id": entity_id, "value": "blue"}),
        ("entity.UpdateValue", {"entity_id": str(uuid4()), "value": "there is no such one"}),
    ]
    for type, body in commands:
        properties = pika.BasicProperties(type=type, reply_to=queue, delivery_mode=2)
        content = json.dumps({"command_id": str(uuid4()), **body}).encode()
        channel.basic_publish("", f"{component}.commands", content, properties, mandatory=True)
    # Each command has one outcome: everybody hears of it, and whoever asked gets it once more.
    heard = channel.consume(queue, auto_ack=True, inactivity_timeout=10)
    for method, properties, body in islice(heard, 2 * len(commands)):
        if method is None:
            sys.exit("Nothing was heard for ten seconds: is the component running?")
        kind = "event" if method.exchange else "reply"
        version = properties.headers.get("aggregate-version", "-")
        print(kind, properties.type, version, json.loads(body), flush=True)
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
