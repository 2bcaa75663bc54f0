"""Properties that pika cannot decode: they must not cost us the connection.

pika decodes properties while it reads frames and gives the connection up when that fails (a header
with a time out of range, tables nested hundreds of times); the broker would deliver them again, for
ever.
"""

import struct
from typing import Any

from pika import BasicProperties, data

UNREADABLE = "unreadable-headers"  # the only header of a message whose own could not be decoded

_decode_table = data.decode_table
_decode_properties = BasicProperties.decode


def tolerate_bad_headers() -> None:
    """Have pika put `UNREADABLE` in the place of what it cannot decode, and tell sizes."""
    data.decode_table = _tolerant_decode_table
    BasicProperties.decode = _tolerant_decode  # type: ignore[method-assign]


def bytes_on_the_wire(properties: BasicProperties) -> int:
    """Return how many bytes all properties together took; 0 where they did not come from there."""
    return getattr(properties, "wire_bytes", 0)


def _tolerant_decode(
    properties: BasicProperties, encoded: bytes, offset: int = 0
) -> BasicProperties:
    try:
        _decode_properties(properties, encoded, offset)  # type: ignore[no-untyped-call]
    except Exception:  # flags or lengths that do not fit what follows
        vars(properties).update(vars(BasicProperties(headers={UNREADABLE: True})))
    properties.wire_bytes = len(encoded)  # type: ignore[attr-defined]
    return properties


def _tolerant_decode_table(encoded: bytes, offset: int) -> tuple[dict[Any, Any], int]:
    try:
        return _decode_table(encoded, offset)
    except Exception:  # struct.error, OverflowError, RecursionError, pika's own: all the same here
        (size,) = struct.unpack_from(">I", encoded, offset)
        return {UNREADABLE: True}, offset + 4 + size
