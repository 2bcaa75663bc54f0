"""Queues that others have declared, users with few rights, and policies not meant for us."""

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pika
import pytest
from structlog.testing import capture_logs

from tests.support.component import settings
from tests.support.foreign import create
from tests.support.system import System
from tests.support.waiting import wait_for
from tools.processes import free_port
from tools.rabbitmq import RabbitMQNode
from tools.servers import install_programs, server_folder
from worker.amqp.broker import Broker
from worker.amqp.declarations import backstop_queue
from worker.amqp.topology import declare
from worker.exceptions import BrokerUnavailable, TopologyMismatch
from worker.settings import Settings

QUORUM = {"x-queue-type": "quorum"}
EARLIER = {"on RabbitMQ 3": QUORUM, "on RabbitMQ 4": {**QUORUM, "x-delivery-limit": -1}}
ALL, NONE = ".*", "^$"


@pytest.fixture(scope="module")
def node() -> Iterator[RabbitMQNode]:
    """A RabbitMQ whose users and policies are ours to set."""
    install_programs()
    with server_folder("rabbitmq") as folder:
        broker = RabbitMQNode(folder)
        try:
            broker.start()
            # What a full backstop queue has refused is offered again after this time (3 minutes).
            key = "dead_letter_worker_publisher_confirm_timeout"
            broker.ctl("eval", f"application:set_env(rabbit, {key}, 200).")
            yield broker
        finally:
            broker.stop()


@pytest.fixture
def ours(node: RabbitMQNode) -> Settings:
    """The settings of a component with a name of its own, as the node's administrator."""
    name = f"t{uuid4().hex[:10]}"
    names = {"command_queue": f"{name}.commands", "event_exchange": f"{name}.events"}
    return settings(component_name=name, amqp_url=node.url, **names)


@pytest.fixture
def user(node: RabbitMQNode) -> Callable[..., str]:
    """Return what adds a user with these rights and returns his URL."""

    def add(configure: str = ALL, write: str = ALL, read: str = ALL) -> str:
        name = f"u{uuid4().hex[:10]}"
        node.ctl("add_user", name, "secret")
        node.ctl("set_permissions", "-p", "/", name, configure, write, read)
        return node.url.replace("guest:guest", f"{name}:secret")

    return add


def declare_as(who: Settings, url: str | None = None, **changes: Any) -> None:
    mine = settings(**{**vars(who), "amqp_url": url or who.amqp_url, **changes})
    with Broker(mine.amqp_url, "test", 30) as broker:
        declare(broker, mine)
        broker.step()  # raises where the connection was lost on the way


def declare_by_hand(who: Settings, queue: str, arguments: dict[str, Any]) -> None:
    with pika.BlockingConnection(pika.URLParameters(who.amqp_url)) as connection:
        connection.channel().queue_declare(queue, durable=True, arguments=arguments)


def exists(who: Settings, queue: str) -> bool:
    with pika.BlockingConnection(pika.URLParameters(who.amqp_url)) as connection:
        with suppress(pika.exceptions.ChannelClosedByBroker):
            connection.channel().queue_declare(queue, passive=True)
            return True
        return False


@pytest.mark.parametrize("arguments", EARLIER.values(), ids=EARLIER)
def test_the_backstop_queue_of_an_earlier_release_is_used_as_it_is(
    node: RabbitMQNode, ours: Settings, arguments: dict[str, Any]
) -> None:
    backstop = backstop_queue(ours)
    declare_by_hand(ours, backstop, arguments)
    with capture_logs() as logs:
        declare_as(ours)
        declare_as(ours)
    (warning,) = (line for line in logs if line["log_level"] == "warning")
    assert warning["queue"] == backstop
    assert exists(ours, ours.command_queue)
    program, *advice = shlex.split(warning["policy"])
    assert program == "rabbitmqctl"
    node.ctl(*advice)
    policies = node.ctl("list_queues", "name", "policy").splitlines()
    assert f"{backstop}\t{backstop}" in policies


def test_a_node_that_is_away_is_passed_over(ours: Settings) -> None:
    away = f"amqp://guest:guest@127.0.0.1:{free_port()}/%2F"
    for _ in range(8):  # in random order: all of them by chance once in 256 times
        declare_as(ours, f"{away},{ours.amqp_url}")


def test_a_queue_that_was_never_ours_is_refused_with_a_way_out(ours: Settings) -> None:
    declare_by_hand(ours, backstop_queue(ours), {})  # a classic queue, which a crash would empty
    with pytest.raises(TopologyMismatch, match=r"x-queue-type.*without loss"):
        declare_as(ours)


def test_a_command_queue_with_other_arguments_is_refused(ours: Settings) -> None:
    declare_as(ours)
    with pytest.raises(TopologyMismatch, match="x-single-active-consumer"):
        declare_as(ours, single_active_consumer=True)


def test_a_queue_that_there_is_no_room_for_is_not_taken_for_another_s(
    node: RabbitMQNode, ours: Settings
) -> None:
    node.ctl("set_vhost_limits", json.dumps({"max-queues": 0}))
    try:
        with pytest.raises(BrokerUnavailable, match="queue limit"):  # a reason to wait
            declare_as(ours)
    finally:
        node.ctl("clear_vhost_limits")


def test_a_connection_with_too_few_channels_is_an_outage(ours: Settings) -> None:
    with pytest.raises(BrokerUnavailable, match="may have 1 channels: too few"):
        declare_as(ours, f"{ours.amqp_url}?channel_max=1")


def test_what_somebody_else_has_declared_needs_no_right_to_declare(
    ours: Settings, user: Callable[..., str]
) -> None:
    declare_as(ours)
    declare_as(ours, user(configure=NONE))


def test_what_is_missing_and_may_not_be_declared_is_named(
    ours: Settings, user: Callable[..., str]
) -> None:
    declare_by_hand(ours, backstop_queue(ours), QUORUM)
    url = user(configure=r".*\.events")
    with pytest.raises(BrokerUnavailable) as refusal:
        declare_as(ours, url)
    for word in (ours.command_queue, "configure right", f"user '{urlsplit(url).username}'"):
        assert word in str(refusal.value)


def test_a_process_needs_no_right_on_what_it_does_not_use(
    ours: Settings, user: Callable[..., str]
) -> None:
    declare_as(ours)
    declare_as(ours, user(configure=NONE, write=r".*\.events", read=NONE))


def test_nothing_is_declared_where_we_are_told_so(ours: Settings) -> None:
    with pytest.raises(BrokerUnavailable, match=r"\.events' is missing.*DECLARE is false"):
        declare_as(ours, declare=False)
    declare_as(ours)
    declare_as(ours, declare=False)


@pytest.mark.parametrize("limit", ["max-length", "max-length-bytes"])
def test_a_limit_that_a_policy_sets_costs_no_message_of_the_backstop_queue(
    node: RabbitMQNode, ours: Settings, limit: str
) -> None:
    declare_as(ours)
    with pika.BlockingConnection(pika.URLParameters(ours.amqp_url)) as connection:
        channel = connection.channel()
        for number in range(20):
            channel.basic_publish("", ours.command_queue, str(number).encode().rjust(100))
        definition = json.dumps({limit: 3 if limit == "max-length" else 300})
        node.ctl("set_policy", ours.component_name, f"^{ours.component_name}", definition)
        taken = []
        wait_for(lambda: _reject(channel, ours.command_queue, taken) == 20, "20 rejected")
        kept: set[bytes] = set()
        backstop = backstop_queue(ours)
        wait_for(lambda: _keep(channel, backstop, kept) == 20, "all in the backstop queue")


def _reject(channel: Any, queue: str, taken: list[int]) -> int:
    method, _, _ = channel.basic_get(queue)
    if method:
        channel.basic_reject(method.delivery_tag, requeue=False)
        taken.append(method.delivery_tag)
    return len(taken)


def _keep(channel: Any, queue: str, kept: set[bytes]) -> int:
    method, _, body = channel.basic_get(queue, auto_ack=True)
    if method:
        kept.add(body)
    return len(kept)


def test_a_component_works_without_the_right_to_declare(
    node: RabbitMQNode, user: Callable[..., str], migrated_sqlite_url: str, tmp_path: Path
) -> None:
    system = System(node.url, migrated_sqlite_url, tmp_path)
    try:
        system.call("declare")
        subscriber = system.subscriber()
        reader = user(configure=NONE)
        writer = user(configure=NONE, read=NONE)
        stranger = system.start("consume", AMQP_URL=writer)
        stranger.wait_for_log("read")
        assert f"queue '{system.queue}'" in stranger.log()
        system.start("run", AMQP_URL=reader)
        system.sender().send([create()])
        wait_for(lambda: subscriber.distinct() == 1, "the event")
        assert stranger.code is None, "a missing right is an outage, not an end"
    finally:
        system.close()
