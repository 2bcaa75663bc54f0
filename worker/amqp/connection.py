"""A connection of pika's, opened as we need it and sparing with system calls."""

from collections.abc import Sequence
from typing import Any

import pika
from pika.adapters.select_connection import SelectConnection

from worker.amqp.nodes import reachable
from worker.amqp.tls import TLSError, parameters_of
from worker.amqp.tolerance import tolerate_bad_headers
from worker.exceptions import BrokerUnavailable, Unsendable

CONNECT_TIMEOUT = 10.0  # seconds for the TCP connect, and again for the AMQP handshake
CHUNK = 65536  # bytes handed to the socket at a time


def parameters(url: str, name: str, heartbeat: int) -> pika.URLParameters:
    """Return how to connect to a node that takes connections now."""
    tolerate_bad_headers()
    try:
        result = parameters_of(reachable(url))
    except TLSError as error:  # certificates that are being renewed may be back in a moment
        raise BrokerUnavailable(str(error).rstrip(".")) from error
    result.heartbeat = heartbeat
    result.blocked_connection_timeout = None  # an alarm is not a lost connection: wait
    result.socket_timeout = CONNECT_TIMEOUT
    result.stack_timeout = CONNECT_TIMEOUT
    result.client_properties = {"connection_name": name}
    return result


class Connection(SelectConnection):
    """Gathers what is to be sent: pika alone makes a system call of each frame, three a message."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._unsent: list[bytes] = []
        super().__init__(*arguments, **options)

    def _adapter_emit_data(self, data: bytes) -> None:
        self._unsent.append(data)

    def _output_marshaled_frames(self, marshaled_frames: Sequence[bytes]) -> None:
        """Refuse what the broker would end the connection for, before any of it is sent."""
        most = self.params.frame_max
        for frame in marshaled_frames:
            if len(frame) > most:
                raise Unsendable(f"A frame of {len(frame)} bytes, where {most} are agreed on.")
        super()._output_marshaled_frames(marshaled_frames)

    def flush(self) -> None:
        """Hand what was gathered to the socket."""
        if self._unsent and not self.is_closed:
            data = b"".join(self._unsent)
            self._unsent.clear()
            for start in range(0, len(data), CHUNK):
                super()._adapter_emit_data(data[start : start + CHUNK])
