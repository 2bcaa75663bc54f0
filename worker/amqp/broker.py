"""One connection to the broker, served by the one thread that owns it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Self

from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.exceptions import NoFreeChannels

from worker.amqp.connection import CONNECT_TIMEOUT, Connection, parameters
from worker.amqp.reasons import unavailable
from worker.exceptions import BrokerUnavailable

# Seconds for an answer on a connection beside another, whose work waits meanwhile. An intake asks
# three times, and the watchdog's patience is 8 seconds at the least.
GUEST_PATIENCE = 2.0


class Broker:
    """An open connection. `step` is what keeps it alive: call it at least every few seconds.

    Everything raises `BrokerUnavailable` once the connection or one of its channels is lost. The
    object is of no use then: delivery tags and confirms of a lost connection mean nothing.
    """

    def __init__(
        self, url: str, name: str, heartbeat: int, *, beside: "Broker | None" = None
    ) -> None:
        """Connect; `url` may name several nodes, `name` is what RabbitMQ's management pages show.

        `beside`: another connection, whose `step` serves this one too and outlives it. Nothing is
        waited for then: `is_open` tells when this one may be used, and `lost` whether it ever will.
        """
        self.lost: BrokerUnavailable | None = None
        self._is_guest = beside is not None
        self._patience = GUEST_PATIENCE if beside else 2 * CONNECT_TIMEOUT
        try:
            self._connection = Connection(
                parameters(url, name, heartbeat),
                on_open_error_callback=self._on_closed,
                on_close_callback=self._on_closed,
                custom_ioloop=beside and beside._loop,
            )
        except OSError as error:  # of the loop, which has no descriptor or loopback device, say
            raise BrokerUnavailable(str(error)) from error
        self._loop: IOLoop = self._connection.ioloop
        # All connections that this loop serves; each leaves when it is closed.
        self._served: list[Connection] = beside._served if beside else []
        self._served.append(self._connection)
        self._connection.add_on_connection_blocked_callback(self._on_blocked)
        self._connection.add_on_connection_unblocked_callback(self._on_unblocked)
        if beside is None:
            self._loop.activate_poller()
            with self.unless_ready():
                self._await(lambda: self.is_open, "the connection")

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

    @property
    def user(self) -> str | None:
        """Return the user that we log in as, for whom alone the broker vouches in `user_id`."""
        return getattr(self._connection.params.credentials, "username", None)

    @property
    def is_open(self) -> bool:
        return bool(self._connection.is_open)

    @property
    def version(self) -> str:
        """The version of the broker, in its own words."""
        return str((self._connection.server_properties or {}).get("version", "unknown"))

    @property
    def blocked(self) -> bool:
        return self._connection.blocked

    @property
    def any_blocked(self) -> bool:
        """Tell whether the broker takes nothing on one of the connections that we step."""
        return any(connection.blocked for connection in list(self._served))

    @property
    def heard(self) -> float:
        """Return when something came from the broker, a heartbeat perhaps, by `monotonic`."""
        return self._connection.heard

    def step(self, timeout: float = 0.0) -> None:
        """Serve the connection until something happened, at most `timeout` seconds."""
        if self.lost:
            raise self.lost
        for connection in self._served:
            connection.flush()
        timer = self._loop.call_later(timeout, lambda: None)
        self._loop.poll()
        self._loop.process_timeouts()
        self._loop.remove_timeout(timer)
        if self.lost:
            raise self.lost

    def flush(self) -> None:
        """Hand over what was published, without waiting for the next `step`."""
        self._connection.flush()

    def watch(self, fileno: int, on_readable: Callable[[], None]) -> None:
        """End every `step` from now on also when this descriptor is readable, and say so."""
        self._loop.add_handler(fileno, lambda *_: on_readable(), IOLoop.READ)

    def channel(self) -> Channel:
        """Open a channel. Closed by the broker, it takes the whole connection with it."""
        opened: list[Channel] = []
        channel = self._new_channel(opened.append)
        channel.add_on_close_callback(self._on_lost)
        self._await(lambda: opened, "a channel")
        return channel

    def open_channel(
        self,
        on_open: Callable[[Channel], None],
        on_close: Callable[[BrokerUnavailable], None],
    ) -> Channel:
        """Begin to open a channel whose end, alone or with the connection, `on_close` hears of."""
        channel = self._new_channel(on_open)
        channel.add_on_close_callback(lambda _, reason: on_close(unavailable(reason)))
        return channel

    def call(self, method: Callable[..., Any], **arguments: Any) -> Any:
        """Call a method of a channel that the broker answers, and return the answer's method."""
        answers: list[Any] = []
        method(**arguments, callback=answers.append)
        self._await(lambda: answers, method.__name__)
        return answers[0].method

    def attempt(
        self, method: str, *, before: Callable[[Channel], None] | None = None, **arguments: Any
    ) -> Any:
        """Call a method of a channel of its own, which alone is lost where the broker refuses.

        Return the answer's method. Raises `BrokerUnavailable` where it is refused, with the
        broker's `code`; the connection stays of use. `before` is done on the channel first.
        """
        done: list[Any] = []
        refused: list[object] = []
        channel = self._new_channel(done.append)
        channel.add_on_close_callback(lambda _, reason: refused.append(reason))
        self._await(lambda: done, "a channel")
        done.clear()
        if before:
            before(channel)
        getattr(channel, method)(**arguments, callback=done.append)
        self._await(lambda: done or refused, method)
        if refused:
            raise unavailable(refused[0])
        channel.close()
        return done[0].method

    def lose(self, error: BrokerUnavailable) -> None:
        """Give this connection up: from the next `step` on, everything raises the error."""
        self.lost = self.lost or error

    def close(self) -> None:
        """Send what is buffered and say goodbye; a connection already lost is just let go.

        Who owns the loop waits for the goodbyes of all whom it serves.
        """
        if self._connection.is_open:
            self._connection.close()
        elif not (self._connection.is_closing or self._connection.is_closed):
            # pika cannot end a connection that it is only opening. So we end it when it is open;
            # the owner of the loop waits a moment for that.
            self._connection.add_on_open_callback(lambda connection: connection.close())
        if self._is_guest:
            return
        try:
            deadline = monotonic() + 5
            while self._served and monotonic() < deadline:
                for connection in self._served:
                    connection.flush()
                self._loop.poll()
                self._loop.process_timeouts()
        finally:
            self._loop.deactivate_poller()
            self._loop.close()

    def break_off(self) -> None:
        """Send what is buffered and let the connection drop, without a goodbye."""
        self.step()
        self._connection._adapter_disconnect_stream()

    def _new_channel(self, on_open: Callable[[Channel], None]) -> Channel:
        try:
            return self._connection.channel(on_open_callback=on_open)
        except NoFreeChannels as error:
            most = self._connection.params.channel_max
            raise BrokerUnavailable(f"a connection may have {most} channels: too few") from error

    def _await(self, condition: Callable[[], object], what: str) -> None:
        deadline = monotonic() + self._patience
        while not condition():
            if monotonic() > deadline:
                raise BrokerUnavailable(f"the broker does not answer: no {what}")
            self.step(0.5)

    def _on_closed(self, connection: Connection, reason: object) -> None:
        if connection in self._served:
            self._served.remove(connection)
        self._on_lost(connection, reason)

    def _on_lost(self, source: object, reason: object) -> None:
        self.lose(unavailable(reason))

    def _on_blocked(self, connection: Connection, _: object) -> None:
        connection.blocked = True

    def _on_unblocked(self, connection: Connection, _: object) -> None:
        connection.blocked = False
