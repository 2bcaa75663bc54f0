"""Programs to copy: each publishes one command, or hears the events."""

import json
import shlex
from typing import Any, NamedTuple

from worker.runtime.showing import json_text

Said = dict[str, Any]


class Snippet(NamedTuple):
    """A program in a language."""

    language: str
    code: str


def snippets(message: Said, queue: str) -> list[Snippet]:
    """Return the full body, and programs that publish the least; none without an example."""
    if not message["examples"]:
        return []
    bodies = [example["payload"] for example in message["examples"]]
    body = bodies[-1]
    version = message["x-schema-version"]
    headers = {} if version == 1 else {"schema-version": version}
    return [
        Snippet("JSON", json_text(bodies[0], indent=2)),
        Snippet("Python", _python(message["name"], queue, body, headers)),
        Snippet("Node", _node(message["name"], queue, body, headers)),
        Snippet("curl", _curl(message["name"], queue, body, headers)),
    ]


def subscribing(document: Said) -> list[Snippet]:
    """Return programs that print the events."""
    exchange = json.dumps(document["channels"]["events"]["address"])
    name = json.dumps(f"{document['info']['title']}.events.copy")
    return [
        Snippet("Python", _PYTHON_SUBSCRIBER % {"exchange": exchange, "queue": name}),
        Snippet("Node", _NODE_SUBSCRIBER % {"exchange": exchange, "queue": name}),
    ]


def _python(type_: str, queue: str, body: Said, headers: Said) -> str:
    more = f"\n        headers={headers!r}," if headers else ""
    written = _literal(body, {"true": "True", "false": "False", "null": "None"})
    return _PYTHON % {
        "body": _fresh(written, body, "str(uuid.uuid4())"),
        "queue": json.dumps(queue),
        "type": json.dumps(type_),
        "headers": more,
    }


def _node(type_: str, queue: str, body: Said, headers: Said) -> str:
    more = f"\n  headers: {json.dumps(headers)}," if headers else ""
    return _NODE % {
        "body": _fresh(_literal(body, {}, indent=2), body, "randomUUID()"),
        "queue": json.dumps(queue),
        "type": json.dumps(type_),
        "headers": more,
    }


def _curl(type_: str, queue: str, body: Said, headers: Said) -> str:
    properties = {
        "type": type_,
        "content_type": "application/json",
        "delivery_mode": 2,
        "message_id": body.get("command_id"),
        **({"headers": headers} if headers else {}),
    }
    content = {
        "properties": properties,
        "routing_key": queue,
        "payload_encoding": "string",
        "payload": json.dumps(body),
    }
    return _CURL % shlex.quote(json.dumps(content, indent=2))


def _literal(value: Any, words: dict[str, str], *, indent: int = 4, depth: int = 0) -> str:
    """Return the value as the language writes it; `words`: other than JSON's."""
    if not isinstance(value, dict | list) or not value:
        text = json.dumps(value)
        return words.get(text, text)
    inside, outside = " " * indent * (depth + 1), " " * indent * depth
    if isinstance(value, list):
        items = [_literal(v, words, indent=indent, depth=depth + 1) for v in value]
        opened, closed = "[", "]"
    else:
        items = [
            f"{json.dumps(name)}: {_literal(v, words, indent=indent, depth=depth + 1)}"
            for name, v in value.items()
        ]
        opened, closed = "{", "}"
    lines = [opened, *(f"{inside}{item}," for item in items), f"{outside}{closed}"]
    return "\n".join(lines)


def _fresh(written: str, body: Said, maker: str) -> str:
    """Let each run of the program send a command of its own."""
    return written.replace(json.dumps(body.get("command_id")), maker, 1)


_PYTHON = """\
import json
import uuid

import pika

url = "amqp://guest:guest@localhost:5672/%%2F"
body = %(body)s
with pika.BlockingConnection(pika.URLParameters(url)) as connection:
    channel = connection.channel()
    channel.confirm_delivery()
    properties = pika.BasicProperties(
        type=%(type)s,
        content_type="application/json",
        delivery_mode=2,
        message_id=body["command_id"],%(headers)s
    )
    channel.basic_publish("", %(queue)s, json.dumps(body), properties, mandatory=True)
"""

_NODE = """\
import { randomUUID } from "node:crypto";
import amqp from "amqplib";

const connection = await amqp.connect("amqp://guest:guest@localhost:5672");
const channel = await connection.createConfirmChannel();
const body = %(body)s;
channel.publish("", %(queue)s, Buffer.from(JSON.stringify(body)), {
  type: %(type)s,
  contentType: "application/json",
  persistent: true,
  mandatory: true,
  messageId: body.command_id,%(headers)s
});
await channel.waitForConfirms();
await connection.close();
"""

_CURL = """\
curl --user guest:guest --header 'content-type: application/json' \\
  http://localhost:15672/api/exchanges/%%2F/amq.default/publish --data %s
"""

_PYTHON_SUBSCRIBER = """\
import json

import pika

url = "amqp://guest:guest@localhost:5672/%%2F"
with pika.BlockingConnection(pika.URLParameters(url)) as connection:
    channel = connection.channel()
    queue = channel.queue_declare(%(queue)s, durable=True).method.queue
    channel.queue_bind(queue, %(exchange)s)
    for method, properties, body in channel.consume(queue):
        print(properties.type, properties.headers.get("aggregate-version"), json.loads(body))
        channel.basic_ack(method.delivery_tag)
"""

_NODE_SUBSCRIBER = """\
import amqp from "amqplib";

const connection = await amqp.connect("amqp://guest:guest@localhost:5672");
const channel = await connection.createChannel();
const { queue } = await channel.assertQueue(%(queue)s, { durable: true });
await channel.bindQueue(queue, %(exchange)s, "");
await channel.consume(queue, (message) => {
  const { type, headers } = message.properties;
  console.log(type, headers["aggregate-version"], JSON.parse(message.content));
  channel.ack(message);
});
"""
