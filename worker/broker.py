"""One connection to the broker, served by the one thread that owns it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Self

import pika
from pika.adapters.select_connection import IOLoop, SelectConnection
from pika.channel import Channel
from pika.exceptions import ChannelClosed, ConnectionClosed

from worker.exceptions import BrokerUnavailable
from worker.headers import tolerate_bad_headers

CONNECT_TIMEOUT = 10.0  # seconds for the TCP connect, and again for the AMQP handshake

CHUNK = 65536  # bytes handed to the socket at a time


class _Connection(SelectConnection):
    """Gathers what is to be sent: pika alone makes a system call of each frame, three a message."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._unsent: list[bytes] = []
        super().__init__(*arguments, **options)

    def _adapter_emit_data(self, data: bytes) -> None:
        self._unsent.append(data)

    def flush(self) -> None:
        """Hand what was gathered to the socket."""
        if self._unsent and not self.is_closed:
            data = b"".join(self._unsent)
            self._unsent.clear()
            for start in range(0, len(data), CHUNK):
                super()._adapter_emit_data(data[start : start + CHUNK])


class Broker:
    """An open connection. `step` is what keeps it alive: call it at least every few seconds.

    Everything raises `BrokerUnavailable` once the connection or one of its channels is lost. The
    object is of no use then: delivery tags and confirms of a lost connection mean nothing.
    """

    def __init__(self, url: str, name: str, heartbeat: int) -> None:
        """Connect; `name` is what the management pages of RabbitMQ show."""
        tolerate_bad_headers()
        self._lost: BrokerUnavailable | None = None
        self._opened = False
        self.blocked = False
        parameters = pika.URLParameters(url)
        parameters.heartbeat = heartbeat
        parameters.blocked_connection_timeout = None  # an alarm is not a lost connection: wait
        parameters.socket_timeout = CONNECT_TIMEOUT
        parameters.stack_timeout = CONNECT_TIMEOUT
        parameters.client_properties = {"connection_name": name}
        self._connection = _Connection(
            parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_lost,
            on_close_callback=self._on_lost,
        )
        self._loop: IOLoop = self._connection.ioloop
        self._loop.activate_poller()
        with self.unless_ready():
            self._await(lambda: self._opened, "the connection")
        self._connection.add_on_connection_blocked_callback(self._on_blocked)
        self._connection.add_on_connection_unblocked_callback(self._on_unblocked)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @contextmanager
    def unless_ready(self) -> Iterator[None]:
        """Close the connection when the block, which makes it ready for use, fails."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def step(self, timeout: float = 0.0) -> None:
        """Serve the connection until something happened, at most `timeout` seconds."""
        if self._lost:
            raise self._lost
        self._connection.flush()
        timer = self._loop.call_later(timeout, lambda: None)
        self._loop.poll()
        self._loop.process_timeouts()
        self._loop.remove_timeout(timer)
        if self._lost:
            raise self._lost

    def channel(self) -> Channel:
        """Open a channel. Closed by the broker, it takes the whole connection with it."""
        opened: list[Channel] = []
        channel = self._connection.channel(on_open_callback=opened.append)
        channel.add_on_close_callback(self._on_lost)
        self._await(lambda: opened, "a channel")
        return channel

    def call(self, method: Callable[..., Any], **arguments: Any) -> Any:
        """Call a method of a channel that the broker answers, and return the answer's method."""
        answers: list[Any] = []
        method(**arguments, callback=answers.append)
        self._await(lambda: answers, method.__name__)
        return answers[0].method

    def attempt(self, method: str, **arguments: Any) -> None:
        """Call a method of a channel of its own, which alone is lost where the broker refuses.

        Raises `BrokerUnavailable` then, with the broker's `code`; the connection stays of use.
        """
        done: list[object] = []
        refused: list[object] = []
        channel = self._connection.channel(on_open_callback=done.append)
        channel.add_on_close_callback(lambda _, reason: refused.append(reason))
        self._await(lambda: done, "a channel")
        done.clear()
        getattr(channel, method)(**arguments, callback=done.append)
        self._await(lambda: done or refused, method)
        if refused:
            raise _unavailable(refused[0])
        channel.close()

    def step_or_readable(self, fileno: int | None, timeout: float) -> bool:
        """Like `step`; end also when this descriptor turns readable, and tell whether it did."""
        readable: list[int] = []
        if fileno is None:
            self.step(timeout)
            return False
        self._loop.add_handler(fileno, lambda fd, _: readable.append(fd), IOLoop.READ)
        try:
            self.step(timeout)
        finally:
            self._loop.remove_handler(fileno)
        return bool(readable)

    def lose(self, error: BrokerUnavailable) -> None:
        """Give this connection up: from the next `step` on, everything raises the error."""
        self._lost = self._lost or error

    def close(self) -> None:
        """Send what is buffered and say goodbye; a connection already lost is just let go."""
        try:
            if self._connection.is_open:
                self._connection.close()
            deadline = monotonic() + 5
            while not self._connection.is_closed and monotonic() < deadline:
                self._connection.flush()
                self._loop.poll()
                self._loop.process_timeouts()
        finally:
            self._loop.deactivate_poller()
            self._loop.close()

    def break_off(self) -> None:
        """Send what is buffered and let the connection drop, without a goodbye."""
        self.step()
        self._connection._adapter_disconnect_stream()

    def _await(self, condition: Callable[[], object], what: str) -> None:
        deadline = monotonic() + 2 * CONNECT_TIMEOUT
        while not condition():
            if monotonic() > deadline:
                raise BrokerUnavailable(f"the broker does not answer: no {what}")
            self.step(0.5)

    def _on_open(self, connection: object) -> None:
        self._opened = True

    def _on_lost(self, source: object, reason: object = None) -> None:
        self.lose(_unavailable(reason))

    def _on_blocked(self, *_: object) -> None:
        self.blocked = True

    def _on_unblocked(self, *_: object) -> None:
        self.blocked = False


def _unavailable(reason: object) -> BrokerUnavailable:
    return BrokerUnavailable(_explain(reason), getattr(reason, "reply_code", None))


def _explain(reason: object) -> str:
    """Return the innermost reason: pika wraps a refused connect several times."""
    while True:
        causes = getattr(reason, "exceptions", None) or getattr(reason, "args", None)
        cause = getattr(reason, "exception", None) or (causes and causes[-1])
        if not isinstance(cause, Exception):
            break
        reason = cause
    if isinstance(reason, ChannelClosed | ConnectionClosed):
        return _naming_rights(str(reason.reply_text))
    return str(reason) or type(reason).__name__


def _naming_rights(refusal: str) -> str:
    """Add what RabbitMQ before 3.11 leaves out: which right it is that a user has not."""
    if not refusal.startswith("ACCESS_REFUSED - access to "):
        return refusal
    return f"{refusal}: configure is needed to declare, read to consume or bind, write to publish"
