"""What must exist on the broker, written down for whoever declares it in our place."""

import json
import re
from collections.abc import Sequence
from typing import Any

from worker.amqp.declarations import Declaration


def definitions(wanted: Sequence[Declaration], vhost: str) -> str:
    """Return the JSON that `rabbitmqctl import_definitions` takes."""
    result: dict[str, Any] = {"queues": [], "exchanges": []}
    for declaration in wanted:
        common = {"name": declaration.name, "vhost": vhost, "durable": True, "auto_delete": False}
        if declaration.kind == "exchange":
            common |= {"type": "fanout", "internal": False}
        result[f"{declaration.kind}s"].append({**common, "arguments": declaration.arguments})
    return json.dumps(result, indent=2) + "\n"


def topology_operator(wanted: Sequence[Declaration], vhost: str) -> str:
    """Return the YAML that the RabbitMQ Topology Operator of Kubernetes takes.

    The name of the RabbitmqCluster is for its reader to put in.
    """
    return "---\n".join(_document(declaration, vhost) for declaration in wanted)


def _document(declaration: Declaration, vhost: str) -> str:
    arguments = dict(declaration.arguments)
    spec = {
        "name": declaration.name,
        "vhost": vhost,
        "type": arguments.pop("x-queue-type", "fanout"),
        "durable": True,
        "autoDelete": False,
        **({"arguments": arguments} if arguments else {}),
    }
    name = re.sub(r"[^a-z0-9.-]+", "-", declaration.name.lower()).strip("-.")
    lines = [
        "apiVersion: rabbitmq.com/v1beta1",
        f"kind: {declaration.kind.capitalize()}",
        "metadata:",
        f"  name: {json.dumps(name)}",
        "spec:",
        *(f"  {key}: {json.dumps(value)}" for key, value in spec.items()),  # JSON is YAML, too
        "  rabbitmqClusterReference:",
        "    name: rabbitmq  # of your RabbitmqCluster",
    ]
    return "\n".join(lines) + "\n"
