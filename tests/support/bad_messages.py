"""Messages that no sender should send, each with the kind of dead letter that must come of it."""

import json
import random
import string
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

MAX_MESSAGE_BYTES = 20_000  # to run the worker with


@dataclass(frozen=True)
class Bad:
    """A message as raw as pika lets us send it."""

    kind: str
    body: bytes
    properties: dict[str, Any] = field(default_factory=lambda: {"type": "thing.Create"})


def bad_message(source: random.Random) -> Bad:
    """Return one at random."""
    return source.choice(_MAKERS)(source)


def _good_body(**fields: Any) -> dict[str, Any]:
    return {"command_id": str(uuid4()), "thing_id": str(uuid4()), **fields}


def _update(**fields: Any) -> Bad:
    body = _good_body(**{"value": "x", **fields})
    return Bad("invalid", json.dumps(body).encode(), {"type": "thing.UpdateValue"})


def _wrong_json_type(source: random.Random) -> Bad:
    value = source.choice([None, 1, 1.5, True, [], {}, ["x"], {"x": 1}, 10**300, -0.0])
    names = ["value", "thing_id", "command_id"] + ["timestamp"] * (value is not None)
    name = source.choice(names)
    return _update(**{name: value})


def _no_uuid(source: random.Random) -> Bad:
    text = source.choice(["", "x", uuid4().hex, f"{{{uuid4()}}}", f"urn:uuid:{uuid4()}", "0" * 36])
    return _update(**{source.choice(["thing_id", "command_id"]): text})


def _no_timestamp(source: random.Random) -> Bad:
    text = source.choice(["", "now", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z"])
    return _update(timestamp=text)


def _unknown_field(source: random.Random) -> Bad:
    name = source.choice(["extra", "", "Value", "\0", "\ud800", "😀" * 50, "a" * 5000])
    return Bad("invalid", json.dumps(_good_body(**{name: 1})).encode())


def _missing_field(source: random.Random) -> Bad:
    body = _good_body(value="x")
    del body[source.choice(["command_id", "thing_id", "value"])]
    return Bad("invalid", json.dumps(body).encode(), {"type": "thing.UpdateValue"})


def _unstorable_text(source: random.Random) -> Bad:
    return _update(value=source.choice(["\0", "a\0b", "\ud800", "x\udfff", "\udc00\ud800"]))


def _broken_json(source: random.Random) -> Bad:
    text = json.dumps(_good_body())
    cut = source.randrange(len(text))
    other = source.choice(
        [text[:cut], text + "}", "[" + text, "NaN", "", " ", text.replace('"', "'")]
    )
    return Bad("malformed", other.encode())


def _no_object(source: random.Random) -> Bad:
    return Bad("malformed", source.choice([b"[]", b"1", b"null", b'"x"', b"true", b"[{}]"]))


def _broken_utf8(source: random.Random) -> Bad:
    text = json.dumps(_good_body()).encode()
    return Bad(
        "malformed", source.choice([b"\xff" + text, text[:-1] + b"\xc3}", "ü".encode("latin1")])
    )


def _nested_deeply(source: random.Random) -> Bad:
    depth = source.choice([2_000, 9_000])
    return Bad("malformed", b'{"command_id":' + b"[" * depth + b"]" * depth + b"}")


def _too_large(source: random.Random) -> Bad:
    size = source.choice([MAX_MESSAGE_BYTES, 3 * MAX_MESSAGE_BYTES, 10 * MAX_MESSAGE_BYTES])
    body = json.dumps(_good_body(value="x" * size)).encode()
    return Bad("too-large", body, {"type": "thing.UpdateValue"})


def _unknown_type(source: random.Random) -> Bad:
    text = "".join(source.choices(string.printable + "äß😀", k=source.randrange(60)))
    kind = source.choice([text, "thing.create", "Create", "tests.sample.thing.Create"])
    return Bad("unknown-type", json.dumps(_good_body()).encode(), {"type": kind} if kind else {})


def _wrong_property(source: random.Random) -> Bad:
    kind, name, value = source.choice(
        [
            ("malformed", "content_type", "application/xml"),
            ("malformed", "content_type", "application/json; charset=latin1"),
            ("malformed", "content_encoding", "gzip"),
            ("malformed", "content_encoding", "deflate"),
            ("unknown-type", "headers", {"schema-version": 7}),
            ("unknown-type", "headers", {"schema-version": "one"}),
        ]
    )
    return Bad(kind, json.dumps(_good_body()).encode(), {"type": "thing.Create", name: value})


def _raw_headers(source: random.Random) -> Bad:
    """A header table that pika itself cannot decode: a time after the end of time, deep nesting."""
    late = b"\x01aT" + struct.pack(">Q", source.randrange(2**60, 2**63))
    return Bad(
        "malformed",
        json.dumps(_good_body()).encode(),
        {"type": "thing.Create", "headers": {RAW: late}},
    )


RAW = "\0raw"

_MAKERS: tuple[Callable[[random.Random], Bad], ...] = (
    _wrong_json_type,
    _no_uuid,
    _no_timestamp,
    _unknown_field,
    _missing_field,
    _unstorable_text,
    _broken_json,
    _no_object,
    _broken_utf8,
    _nested_deeply,
    _too_large,
    _unknown_type,
    _wrong_property,
    _raw_headers,
)


def allow_raw_headers(monkeypatch: Any) -> None:
    """Let pika send the bytes under `RAW` as the header table, as other clients may."""
    from pika import data  # noqa: PLC0415 - only who asks for it changes pika

    encode = data.encode_table

    def encode_table(pieces: list[bytes], table: dict[str, Any] | None) -> int:
        if not table or RAW not in table:
            return encode(pieces, table)
        pieces += [struct.pack(">I", len(table[RAW])), table[RAW]]
        return len(table[RAW]) + 4

    monkeypatch.setattr(data, "encode_table", encode_table)
