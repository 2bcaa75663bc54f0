"""The AsyncAPI document of the component."""

from typing import Any

from schemas.contract import Contract, describe
from worker.amqp.declarations import DELIVERY_LIMIT, backstop_queue
from worker.catalog import messages
from worker.catalog.messages import BINDING
from worker.component import Component
from worker.composition import catalogue
from worker.settings import Settings

Said = dict[str, Any]


def document(component: Component, release: str) -> Said:
    """Return the document, AsyncAPI 3.0; `release` is what this state of the contract is called."""
    contract = describe(catalogue(component.aggregates))
    described = {messages.key(m): messages.command(m, component) for m in contract.commands}
    described |= {messages.key(m): messages.event(m, component) for m in contract.events}
    schemas = {"schemas": contract.parts} if contract.parts else {}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": component.settings.component_name,
            "version": release,
            "description": _ABOUT,
        },
        "defaultContentType": "application/json",
        "channels": _channels(contract, component.settings),
        "operations": _operations(contract, component),
        "components": {"messages": described, **schemas},
    }


_ABOUT = (
    "A component behind a command queue: publish commands to the queue, subscribe to the event"
    " exchange. Each command is applied once, however often it arrives under its command_id, and"
    " each gets exactly one outcome. Unknown fields of a command are refused; of an event, ignore"
    " what you do not know."
)


def _channels(contract: Contract, settings: Settings) -> Said:
    commands = [messages.key(message) for message in contract.commands]
    events = [messages.key(message) for message in contract.events]
    return {
        "commands": {
            "address": settings.command_queue,
            "title": "Commands",
            "description": "Publish to the default exchange with the queue's name as routing key,"
            " with publisher confirms and `mandatory`. Do not declare the queue, or passively: the"
            " component does.",
            "messages": _of_components(commands),
            "bindings": _binding(
                "queue",
                {
                    "name": settings.command_queue,
                    "durable": True,
                    "exclusive": False,
                    "autoDelete": False,
                },
            ),
            "x-queue-type": "quorum",
            "x-max-message-bytes": settings.max_message_bytes,
        },
        "events": {
            "address": settings.event_exchange,
            "title": "Events",
            "description": "Bind a queue of your own to the exchange. The routing key is the type."
            " Repeats may follow a failure: take only the aggregate's last version + 1.",
            "messages": _of_components(events),
            "bindings": _binding(
                "routingKey",
                {
                    "name": settings.event_exchange,
                    "type": "fanout",
                    "durable": True,
                    "autoDelete": False,
                },
                key="exchange",
            ),
        },
        "replies": {
            "address": None,
            "title": "Replies",
            "description": "The queue that a command names as reply_to; it is sent the outcome.",
            "messages": _of_components(events),
        },
    }


def _operations(contract: Contract, component: Component) -> Said:
    settings = component.settings
    names = [messages.key(message) for message in contract.events]
    outcomes = [messages.key(m) for m in contract.events if m.type in _OF_ANY_COMMAND]
    operations: Said = {}
    for message in contract.commands:
        owner = component.owners[message.message]
        of_owner = [
            messages.key(m)
            for event in owner.handler.events
            for m in contract.events
            if m.message is event
        ]
        name = messages.key(message)
        operations[name] = {
            "action": "receive",
            "title": message.type,
            "channel": {"$ref": "#/channels/commands"},
            "messages": _of_channel("commands", [name]),
            "tags": [{"name": owner.name}],
            "reply": {
                "address": {
                    "location": "$message.header#/reply_to",
                    "description": "The AMQP property reply_to, where the sender sets it.",
                },
                "channel": {"$ref": "#/channels/replies"},
                "messages": _of_channel("replies", [*of_owner, *outcomes]),
            },
            "x-retry": _retry(settings, name),
            "x-dead-letter": _dead_letter(settings),
        }
    operations["publishEvents"] = {
        "action": "send",
        "title": "Publish events",
        "channel": {"$ref": "#/channels/events"},
        "messages": _of_channel("events", names),
        "bindings": {"amqp": {"deliveryMode": 2, "bindingVersion": BINDING}},
    }
    return operations


_OF_ANY_COMMAND = ("CommandRejected", "CommandFailed")


def _retry(settings: Settings, name: str) -> Said:
    """Return how a failed command is tried again, in the words of a proposal for AsyncAPI."""
    delays = settings.retry_delays[: settings.max_attempts - 1]
    return {
        "channel": {"$ref": "#/channels/commands"},
        "messages": _of_channel("commands", [name]),
        "maxAttempts": settings.max_attempts,
        "delays": [f"PT{delay:g}S" for delay in delays],
        "description": "After the last delay it is repeated. A rejection by the domain is final.",
    }


def _dead_letter(settings: Settings) -> Said:
    return {
        "channel": {"$ref": "#/channels/events"},
        "messages": _of_channel("events", ["CommandFailed"]),
        "description": "What cannot be read, or fails in every attempt, is kept in the component's"
        " database and announced as CommandFailed. Its operators can send it again.",
        "x-backstop": {"queue": backstop_queue(settings), "deliveryLimit": DELIVERY_LIMIT},
    }


def _of_components(names: list[str]) -> Said:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _of_channel(channel: str, names: list[str]) -> list[Said]:
    return [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]


def _binding(kind: str, what: Said, key: str | None = None) -> Said:
    return {"amqp": {"is": kind, key or kind: what, "bindingVersion": BINDING}}
