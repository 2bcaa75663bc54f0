"""Header tables that pika cannot decode: they must not cost us the connection.

pika decodes headers while it reads frames and gives the connection up when that fails (a timestamp
out of range, tables nested hundreds of times); the broker would deliver them again, for ever.
"""

import struct
from typing import Any

from pika import data

UNREADABLE = "unreadable-headers"  # the only header of a message whose own could not be decoded

_decode_table = data.decode_table


def tolerate_bad_headers() -> None:
    """Have pika put `UNREADABLE` in the place of a table that it cannot decode."""
    data.decode_table = _tolerant_decode_table


def _tolerant_decode_table(encoded: bytes, offset: int) -> tuple[dict[Any, Any], int]:
    try:
        return _decode_table(encoded, offset)
    except Exception:  # struct.error, OverflowError, RecursionError, pika's own: all the same here
        (size,) = struct.unpack_from(">I", encoded, offset)
        return {UNREADABLE: True}, offset + 4 + size
