"""Somebody who asks the doctor, and a broker that can be made ill."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import pika

from tests.support.component import settings
from tools.rabbitmq import RabbitMQNode
from tools.servers import free_port, install_programs, server_folder
from worker.amqp.broker import Broker
from worker.amqp.topology import declare
from worker.doctor.examination import examine
from worker.doctor.finding import Finding
from worker.settings import Settings

_GUEST = "Basic Z3Vlc3Q6Z3Vlc3Q="


class Hospital:
    """A RabbitMQ whose users and policies are ours to set, by its management API."""

    def __init__(self, node: RabbitMQNode, port: int) -> None:
        self.node = node
        self.management = f"http://127.0.0.1:{port}"

    def put(self, path: str, content: Any, method: str = "PUT") -> None:
        body = json.dumps(content).encode()
        headers = {"Authorization": _GUEST, "Content-Type": "application/json"}
        request = Request(f"{self.management}/api/{path}", body, headers, method=method)
        urlopen(request, timeout=10).close()

    def user(self, configure: str = ".*", write: str = ".*", read: str = ".*") -> str:
        """Add a user with these rights; return the broker's URL for him."""
        name = f"u{uuid4().hex[:10]}"
        self.put(f"users/{name}", {"password": "s3cret", "tags": ""})
        rights = {"configure": configure, "write": write, "read": read}
        self.put(f"permissions/%2F/{name}", rights)
        return self.node.url.replace("guest:guest", f"{name}:s3cret")

    def component(self, database_url: str, **changes: Any) -> Settings:
        """Return the settings of a component with a name of its own."""
        name = f"t{uuid4().hex[:10]}"
        chosen = {
            "component_name": name,
            "command_queue": f"{name}.commands",
            "event_exchange": f"{name}.events",
            "amqp_url": self.node.url,
            "management_url": self.management.replace("//", "//guest:guest@"),
        }
        return settings(database_url, **{**chosen, **changes})


@contextmanager
def hospital() -> Iterator[Hospital]:
    install_programs()
    with server_folder("rabbitmq") as folder:
        port = free_port()
        config = f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {port}\n"
        config += "collect_statistics_interval = 200"  # milliseconds until the API tells of it
        node = RabbitMQNode(folder, config=config, plugins=["rabbitmq_management"])
        try:
            node.start()
            tick = "application:set_env(rabbit, quorum_tick_interval, 200)."  # the same, of queues
            node.ctl("eval", tick)
            yield Hospital(node, port)
        finally:
            node.stop()


def declared(who: Settings) -> Settings:
    with Broker(who.amqp_url, "test", 30) as broker:
        declare(broker, who)
    return who


def declare_by_hand(who: Settings, **options: Any) -> None:
    """Declare a queue or an exchange as somebody else would."""
    kind = "exchange" if "exchange" in options else "queue"
    with pika.BlockingConnection(pika.URLParameters(who.amqp_url)) as connection:
        getattr(connection.channel(), f"{kind}_declare")(durable=True, **options)


def told(who: Settings, *words: str) -> list[Finding]:
    """Return the findings that are not well and say all these words."""
    bad = [f for f in examine(who).findings if f.state != "ok"]
    return [f for f in bad if all(word in f"{f.sentence} {f.way_out}" for word in words)]


def only(findings: list[Finding]) -> Finding:
    (finding,) = findings
    assert finding.way_out
    assert "\n" not in finding.sentence + finding.way_out
    return finding
