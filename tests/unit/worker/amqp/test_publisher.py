"""What the publisher knows of its messages, with a broker that says what the test wants."""

import gc
import struct
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pika import BasicProperties
from pika.exceptions import ChannelWrongStateError, ShortStringTooLong
from pika.spec import Basic

from worker.amqp import publisher as module
from worker.amqp.publisher import Publisher, Sending
from worker.exceptions import BrokerUnavailable, Unsendable


class FakeChannel:
    def __init__(self) -> None:
        self.published: list[tuple[str, str, bytes, bool]] = []
        self.error: Exception | None = None

    def add_on_return_callback(self, callback: Callable[..., None]) -> None:
        self.on_return = callback

    def confirm_delivery(self, ack_nack_callback: Callable[[Any], None], callback: Any) -> None:
        self.on_confirm = ack_nack_callback
        callback(None)

    def basic_publish(
        self, exchange: str, key: str, body: bytes, properties: BasicProperties, mandatory: bool
    ) -> None:
        if self.error:
            raise self.error
        self.published.append((exchange, key, body, mandatory))


class FakeBroker:
    """Does one thing of a script at every step."""

    def __init__(self) -> None:
        self.fake_channel = FakeChannel()
        self.blocked = False
        self.opens = True
        self.script: list[Callable[[], None]] = []
        self.steps = 0

    def open_channel(self, on_open: Callable[..., None], on_close: Any) -> FakeChannel:
        self.on_close = on_close
        self.open = lambda: on_open(self.fake_channel)
        if self.opens:
            self.open()
        return self.fake_channel

    def step(self, timeout: float) -> None:
        self.steps += 1
        if not self.script:
            raise BrokerUnavailable("the test says no more")
        self.script.pop(0)()

    def ack(self, tag: int, multiple: bool = False) -> None:
        self.fake_channel.on_confirm(SimpleNamespace(method=Basic.Ack(tag, multiple)))

    def nack(self, tag: int, multiple: bool = False) -> None:
        self.fake_channel.on_confirm(SimpleNamespace(method=Basic.Nack(tag, multiple)))

    def give_back(self, exchange: str, key: str, message_id: str | None) -> None:
        method = Basic.Return(exchange=exchange, routing_key=key)
        properties = BasicProperties(message_id=message_id)
        self.fake_channel.on_return(self.fake_channel, method, properties, b"")


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


@pytest.fixture
def publisher(broker: FakeBroker) -> Publisher:
    return Publisher(broker)


def publish(publisher: Publisher, message_id: str | None = None, key: str = "key") -> Sending:
    return publisher.publish("events", key, b"body", BasicProperties(message_id=message_id))


def numbers(sent: list[Sending], fate: str) -> set[int]:
    """Return the numbers, as the broker counts them, of those that have met this fate."""
    return {number for number, sending in enumerate(sent, start=1) if getattr(sending, fate)}


def test_a_message_is_published_so_that_it_comes_back_when_nobody_takes_it(broker, publisher):
    publish(publisher)
    assert broker.fake_channel.published == [("events", "key", b"body", True)]


def test_nothing_is_confirmed_before_the_broker_says_so(publisher):
    assert not publish(publisher).confirmed


def test_a_confirm_is_for_its_message(broker, publisher):
    sent = [publish(publisher), publish(publisher)]
    broker.ack(2)
    assert numbers(sent, "confirmed") == {2}


def test_a_confirm_of_several_is_for_all_up_to_its_number(broker, publisher):
    sent = [publish(publisher) for _ in range(4)]
    broker.ack(3, multiple=True)
    assert numbers(sent, "confirmed") == {1, 2, 3}


def test_a_confirm_of_several_leaves_out_what_was_confirmed_before(broker, publisher):
    sent = [publish(publisher) for _ in range(4)]
    broker.ack(2)
    sent[1].confirmed = False  # so that it would be seen, were it confirmed again
    broker.ack(3, multiple=True)
    assert numbers(sent, "confirmed") == {1, 3}


def test_a_nack_is_noted(broker, publisher):
    sending = publish(publisher)
    broker.nack(1)
    assert (sending.nacked, sending.confirmed) == (True, False)


def test_a_nack_of_several_confirms_none_of_them(broker, publisher):
    sent = [publish(publisher) for _ in range(3)]
    broker.ack(1)
    broker.nack(3, multiple=True)
    assert numbers(sent, "confirmed") == {1}


def test_confirms_alone_are_no_nack(broker, publisher):
    sending = publish(publisher)
    broker.ack(1)
    assert not sending.nacked


def test_a_returned_message_is_known_by_its_id(broker, publisher):
    sent = [publish(publisher, "a"), publish(publisher, "b")]
    broker.give_back("events", "key", "b")
    assert numbers(sent, "returned") == {2}


def test_messages_of_the_same_id_to_several_queues_are_told_apart(broker, publisher):
    sent = [publish(publisher, "a", "one"), publish(publisher, "a", "two")]
    broker.give_back("events", "two", "a")
    assert numbers(sent, "returned") == {2}


def test_messages_that_look_the_same_come_back_in_the_order_of_publishing(broker, publisher):
    sent = [publish(publisher) for _ in range(3)]
    broker.give_back("events", "key", None)
    broker.give_back("events", "key", None)
    assert numbers(sent, "returned") == {1, 2}


def test_a_message_that_was_confirmed_is_not_the_one_that_came_back(broker, publisher):
    sent = [publish(publisher), publish(publisher)]
    broker.ack(1)
    broker.give_back("events", "key", None)
    assert numbers(sent, "returned") == {2}


def test_waiting_ends_when_everything_is_confirmed(broker, publisher):
    sent = [publish(publisher), publish(publisher)]
    broker.script = [lambda: broker.ack(1), lambda: broker.ack(2)]
    publisher.wait(lambda: not publisher.pending)
    assert (broker.steps, numbers(sent, "confirmed")) == (2, {1, 2})


def test_waiting_for_nothing_ends_at_once(broker, publisher):
    publisher.wait(lambda: not publisher.pending)
    assert broker.steps == 0


def test_a_nack_does_not_hold_up_what_others_have_taken(broker, publisher):
    sent = [publish(publisher) for _ in range(3)]
    broker.script = [lambda: broker.ack(1), lambda: broker.nack(2), lambda: broker.ack(3)]
    publisher.wait(lambda: not publisher.pending)
    assert (numbers(sent, "nacked"), numbers(sent, "confirmed")) == ({2}, {1, 3})


def test_what_was_confirmed_stays_known_when_the_broker_is_lost(broker, publisher):
    sent = [publish(publisher), publish(publisher)]
    broker.script = [lambda: broker.ack(1)]
    with pytest.raises(BrokerUnavailable):
        publisher.wait(lambda: not publisher.pending)
    assert numbers(sent, "confirmed") == {1}


def test_a_publisher_is_ready_when_its_channel_is_open(broker):
    broker.opens = False
    publisher = Publisher(broker)
    assert not publisher.ready
    broker.open()
    assert publisher.ready


def test_a_channel_that_the_broker_closes_is_known_with_the_reason(broker, publisher):
    broker.on_close(BrokerUnavailable("invalid message", 406))
    assert (str(publisher.error), publisher.error.code) == ("invalid message", 406)


def test_who_waits_hears_of_a_closed_channel(broker, publisher):
    publish(publisher)
    broker.script = [lambda: broker.on_close(BrokerUnavailable("invalid message", 406))]
    with pytest.raises(BrokerUnavailable, match="invalid message"):
        publisher.wait(lambda: not publisher.pending)


@pytest.mark.parametrize(
    "error", [struct.error("q"), ShortStringTooLong("t"), AssertionError(), UnicodeError("x")]
)
def test_what_cannot_be_encoded_is_told_and_takes_no_number(broker, publisher, error):
    broker.fake_channel.error = error
    with pytest.raises(Unsendable, match=type(error).__name__):
        publish(publisher)
    broker.fake_channel.error = None
    sending = publish(publisher)
    broker.ack(1)
    assert (sending.confirmed, publisher.pending) == (True, 0)


def test_a_channel_that_is_closed_is_no_fault_of_the_message(broker, publisher):
    broker.fake_channel.error = ChannelWrongStateError("closed")
    with pytest.raises(BrokerUnavailable):
        publish(publisher)


class Clock:
    """A clock that a test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(module, "monotonic", lambda: self.now)

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


def test_a_broker_that_confirms_nothing_for_a_minute_is_given_up(broker, publisher, monkeypatch):
    clock = Clock(monkeypatch)
    publish(publisher)
    broker.script = [lambda: clock.pass_by(31)] * 2
    with pytest.raises(BrokerUnavailable, match=r"^no answer within 60 s$"):
        publisher.wait(lambda: not publisher.pending)


def test_a_broker_that_confirms_slowly_is_waited_for(broker, publisher, monkeypatch):
    clock = Clock(monkeypatch)
    sent = [publish(publisher) for _ in range(3)]

    def slowly(number: int) -> Callable[[], None]:
        def late() -> None:
            clock.pass_by(50)
            broker.ack(number)

        return late

    broker.script = [slowly(1), slowly(2), slowly(3)]
    publisher.wait(lambda: not publisher.pending)
    assert numbers(sent, "confirmed") == {1, 2, 3}


def test_a_blocked_connection_is_waited_for(broker, publisher, monkeypatch):
    clock = Clock(monkeypatch)
    broker.blocked = True
    sending = publish(publisher)
    broker.script = [*[lambda: clock.pass_by(50)] * 5, lambda: broker.ack(1)]
    publisher.wait(lambda: not publisher.pending)
    assert sending.confirmed


def test_what_is_settled_is_kept_no_longer(broker, publisher):
    sent = publish(publisher, "a")
    broker.give_back("events", "key", "a")
    broker.ack(1)
    assert [known for known in gc.get_referrers(sent) if known is publisher._pending] == []
