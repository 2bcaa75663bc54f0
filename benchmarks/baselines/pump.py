"""A pika connection served by hand, as a batch needs it: callbacks only gather."""

import os
from collections import deque
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import pika
from pika.adapters.select_connection import SelectConnection
from pika.channel import Channel


class Pump:
    """One open connection and one channel."""

    def __init__(self) -> None:
        parameters = pika.URLParameters(os.environ["AMQP_URL"])
        self._opened: list[Channel] = []
        self._connection = SelectConnection(parameters, on_open_callback=self._open_channel)
        self.loop = self._connection.ioloop
        self.loop.activate_poller()
        while not self._opened:
            self.step(1)
        self.channel = self._opened[0]

    def _open_channel(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._opened.append)

    def step(self, timeout: float = 0.0) -> None:
        timer = self.loop.call_later(timeout, lambda: None)
        self.loop.poll()
        self.loop.process_timeouts()
        self.loop.remove_timeout(timer)

    def call(self, method: Callable[..., Any], **arguments: Any) -> None:
        answers: list[Any] = []
        method(**arguments, callback=answers.append)
        while not answers:
            self.step(1)

    def consume(self, queue: str, prefetch: int) -> deque[tuple[int, bytes]]:
        """Begin to consume; deliveries appear in what is returned, with their tags."""
        waiting: deque[tuple[int, bytes]] = deque()
        self.call(self.channel.basic_qos, prefetch_count=prefetch)
        self._tag = self.channel.basic_consume(
            queue, lambda _, method, __, body: waiting.append((method.delivery_tag, body))
        )
        return waiting

    def confirm(self) -> dict[int, None]:
        """Ask for confirms; what is returned loses the numbers of messages that the broker has."""
        pending: dict[int, None] = {}

        def on_confirm(frame: Any) -> None:
            tag = frame.method.delivery_tag
            if not isinstance(frame.method, pika.spec.Basic.Ack):
                raise TypeError("the broker refused a message")
            many = frame.method.multiple
            for number in list(takewhile(lambda n: n <= tag, pending)) if many else [tag]:
                del pending[number]

        self.call(self.channel.confirm_delivery, ack_nack_callback=on_confirm)
        return pending

    def stop(self) -> None:
        self.call(self.channel.basic_cancel, consumer_tag=self._tag)

    def close(self) -> None:
        """Send what is buffered and say goodbye."""
        self._connection.close()
        while not self._connection.is_closed:
            self.step(1)
