"""Sends a command and waits for its outcome, with pika.

Who hears nothing asks again under the same `command_id`: the command is applied once, and its
outcome is sent to whoever asks.

    python -m examples.with_pika.request AMQP_URL COMPONENT COMMANDS
"""

import json
import sys
import time
from typing import Any
from uuid import uuid4

import pika
from pika.exceptions import AMQPError

PATIENCE = 30  # seconds until we ask again; at once where the connection was lost


def request(url: str, queue: str, type: str, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return type and body of the command's outcome."""
    while True:
        try:
            with pika.BlockingConnection(pika.URLParameters(url)) as connection:
                if outcome := _ask(connection.channel(), queue, type, body):
                    return outcome
        except (AMQPError, OSError) as error:
            print(f"Again in a second: {error!r}", file=sys.stderr)
            time.sleep(1)  # there is no connection that could tell when to go on


def _ask(
    channel: Any, queue: str, type: str, body: dict[str, Any]
) -> tuple[str, dict[str, Any]] | None:
    replies = channel.queue_declare("", exclusive=True).method.queue
    properties = pika.BasicProperties(
        type=type, reply_to=replies, correlation_id=body["command_id"]
    )
    channel.confirm_delivery()
    channel.basic_publish("", queue, json.dumps(body).encode(), properties, mandatory=True)
    for method, told, content in channel.consume(replies, True, inactivity_timeout=PATIENCE):
        return (told.type, json.loads(content)) if method else None
    return None


def main(url: str, component: str, number: str) -> None:
    """Create so many entities, one after the other."""
    for _ in range(int(number)):
        command = {"command_id": str(uuid4()), "entity_id": str(uuid4())}
        type, _body = request(url, f"{component}.commands", "entity.Create", command)
        print(type, command["command_id"], flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
