"""What senders in all languages usually get wrong, and what they must be told.

Seen with real libraries; the reason must say what to change to somebody who knows no Python.
"""

import base64
import gzip
import json
import pickle
import zlib
from typing import Any, NamedTuple
from uuid import uuid4

from tests.support.messages import CREATE, MAX_BYTES, UPDATE

REPLY_TO = "their.replies"


class Mistake(NamedTuple):
    """A message; `code` and `words` of the reason are what its sender is told.

    Without a code it is no mistake: the command is applied.
    """

    name: str
    body: bytes
    properties: dict[str, Any]
    code: str | None
    words: str = ""


def body(**fields: Any) -> dict[str, Any]:
    return {"command_id": str(uuid4()), "thing_id": str(uuid4()), **fields}


def _without(name: str, **fields: Any) -> dict[str, Any]:
    return {key: value for key, value in body(**fields).items() if key != name}


def _case(name: str, content: Any, code: str | None, words: str = "", **properties: Any) -> Mistake:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Mistake(name, data, {"type": CREATE, **properties}, code, words)


def _text(**fields: Any) -> bytes:
    return json.dumps(body(**fields), ensure_ascii=False).encode()


def _types() -> list[Mistake]:
    nearest = "The nearest: thing.UpdateValue, thing.Create."
    headers = {"type": CREATE}
    return [
        _case("no type", body(), "unknown-type", "has no type", type=None),
        _case("type as a header", body(), None, type=None, headers=headers),
        _case("type in the body", body(type=CREATE), "unknown-type", "'type'", type=None),
        _case("type in lower case", body(value="x"), "unknown-type", nearest, type="updatevalue"),
        _case("a class name", body(value="x"), "unknown-type", nearest, type="UpdateValue"),
        _case("a module path", body(), "unknown-type", CREATE, type="shop.messages.Create"),
        _case("an event's name", body(), "unknown-type", CREATE, type="thing.Created"),
        _case("a URN", body(), "unknown-type", CREATE, type="urn:message:Shop:Create"),
        _case(
            "version as text", body(), "unknown-type", "such as 1", headers={"schema-version": "1"}
        ),
        _case(
            "version true", body(), "unknown-type", "such as 1", headers={"schema-version": True}
        ),
        _case("version 2", body(), "unknown-type", "versions: 1", headers={"schema-version": 2}),
    ]


def _not_json() -> list[Mistake]:
    plain = json.dumps(body()).encode()
    packed = gzip.compress(plain)
    to = "malformed"
    return [
        _case("Python's repr", str(body()).encode(), to, "single quotes, as Python"),
        _case("[object Object]", b"[object Object]", to, "JSON.stringify"),
        _case("nothing", b"", to, "it is empty"),
        *(
            _case(f"pickle {n}", pickle.dumps(body(), protocol=n), to, "is a Python pickle")
            for n in (2, 3, 4, 5)
        ),
        _case("JSON twice", plain.decode(), to, "encoded twice"),
        _case("an array", [body()], to, "is a JSON array, and not a JSON object"),
        _case("a number", 7, to, "is a JSON number, and not a JSON object"),
        _case("null", None, to, "is a JSON null, and not a JSON object"),
        _case("Celery", [[], body(), {"chord": None}], to, "array", type=None),
        _case("gzip, named", packed, to, "'gzip'", content_encoding="gzip"),
        _case("gzip, not named", packed, to, "is compressed (gzip): send it plain"),
        _case("plain, but named gzip", plain, to, "'gzip'", content_encoding="gzip"),
        _case("zlib, named", zlib.compress(plain), to, "'deflate'", content_encoding="deflate"),
        _case("zlib, not named", zlib.compress(plain), to, "is compressed (zlib): send it plain"),
        _case("zlib, fast", zlib.compress(plain, 1), to, "is compressed (zlib): send it plain"),
        _case("zlib, best", zlib.compress(plain, 9), to, "is compressed (zlib): send it plain"),
        _case("base64", base64.b64encode(plain), to, "is Base64: send it plain"),
        _case("base64, named", base64.b64encode(plain), to, "'base64'", content_encoding="base64"),
        _case("Latin-1", '{"value": "Öl"}'.encode("latin-1"), to, "is not UTF-8"),
        _case("UTF-16", plain.decode().encode("utf-16"), to, "is UTF-16: send UTF-8"),
        _case("UTF-16, no mark", plain.decode().encode("utf-16-le"), to, "is UTF-16: send UTF-8"),
        _case("UTF-16, big", plain.decode().encode("utf-16-be"), to, "is UTF-16: send UTF-8"),
        _case("UTF-8 with a mark", b"\xef\xbb\xbf" + plain, to, "byte order mark"),
        _case("AMQP 1.0 value", b"\x00\x53\x77\xa1\x02{}", to, "AMQP 1.0 value: send a data"),
        _case("AMQP 1.0 map", b"\x00\x53\x77\xc1\x01\x00", to, "send a data", type="amqp-1.0"),
        _case("AMQP 1.0 sequence", b"\x00\x53\x76\x45", to, "AMQP 1.0 sequence: send a data"),
        _case("a Java object", b"\xac\xed\x00\x05sr", to, "is a serialized Java object"),
        _case("XML", b"<command/>", to, "is XML: send JSON"),
        _case("NaN", b'{"value": NaN}', to, "NaN is not a JSON value"),
        _case("Infinity", b'{"value": Infinity}', to, "Infinity is not a JSON value"),
        _case("a name twice", b'{"a": 1, "a": 2}', to, "the same name twice"),
        _case("a comma too many", plain[:-1] + b",}", to, "is not JSON"),
        _case("cut off", plain[:-9], to, "is not JSON"),
        _case("too large", b" " * MAX_BYTES + b"{}", "too-large", f"more than {MAX_BYTES}"),
    ]


def _fields() -> list[Mistake]:
    to = "invalid"
    camel = {"commandId": str(uuid4()), "thingId": str(uuid4())}
    cloud_event = {"specversion": "1.0", "type": CREATE, "id": str(uuid4()), "data": body()}
    form = "Not a valid UUID, such as 7d"
    return [
        _case("an envelope", {"type": CREATE, "data": body()}, to, "data: Unknown field."),
        _case("a CloudEvent", cloud_event, to, "specversion: Unknown field."),
        _case("camel case", camel, to, "commandId: Unknown field."),
        _case("one in camel case", body(thingId="x"), to, "thingId: Unknown field."),
        _case("a field too many", body(value="x"), to, "value: Unknown field."),
        _case("a field missing", body(), to, "value: Missing", type=UPDATE),
        _case("no command_id", _without("command_id"), to, "command_id: Missing"),
        _case("id without dashes", body(command_id=uuid4().hex), to, form),
        _case("id in braces", body(command_id=f"{{{uuid4()}}}"), to, form),
        _case("id as a URN", body(command_id=uuid4().urn), to, form),
        _case("id is a number", body(command_id=4711), to, form),
        _case("id of one's own", body(command_id="order-4711"), to, form),
        _case("thing_id without dashes", body(thing_id=uuid4().hex), to, form),
        _case("kombu's UUID", body(thing_id={"__type__": "uuid", "__value__": "x"}), to, form),
        *(
            _case(f"{value} for text", body(value=value), to, "value: ", type=UPDATE)
            for value in (7, 1.5, True, None, ["x"], {"x": 1})
        ),
        _case("NUL in a text", body(value="a\0b"), to, "Contains a NUL", type=UPDATE),
        _case("half a character", b'{"value": "\\ud800"}', to, "surrogate", type=UPDATE),
    ]


def _timestamps() -> list[Mistake]:
    wrong = {
        "seconds": 1767225600,
        "seconds with a fraction": 1767225600.5,
        "seconds as text": "1767225600",
        "without offset": "2026-01-01T12:00:00",
        "a date": "2026-01-01",
        "strftime's %z": "2026-01-01T12:00:00+0200",
        "Java without seconds": "2026-01-01T12:00Z",
        "a comma": "2026-01-01T12:00:00,5Z",
        "RFC 2822": "Thu, 01 Jan 2026 12:00:00 +0000",
        "Java's zone": "2026-01-01T12:00:00+01:00[Europe/Berlin]",
        ".NET's old form": "/Date(1767225600000)/",
        "empty": "",
    }
    example = "such as 2026-01-31T12:00:00Z"
    return [
        _case(f"timestamp: {name}", body(timestamp=value), "invalid", example)
        for name, value in wrong.items()
    ]


def _labels() -> list[Mistake]:
    plain = "'application/json'"
    types = ("application/xml", "text/html", "application/x-protobuf", "application/msgpack")
    charsets = ("iso-8859-1", "utf-16", "windows-1252")
    encodings = ("gzip", "br", "binary", "8bit", "latin-1", "base64")
    return [
        *(_case(kind, body(), "malformed", plain, content_type=kind) for kind in types),
        *(
            _case(
                f"JSON in {c}",
                body(),
                "malformed",
                "in UTF-8",
                content_type=f"text/json; charset={c}",
            )
            for c in charsets
        ),
        *(
            _case(f"encoding {e}", body(), "malformed", "send the body plain", content_encoding=e)
            for e in encodings
        ),
    ]


def _harmless() -> list[Mistake]:
    """What looks wrong, and is right all the same."""
    upper = {name: value.upper() for name, value in body().items()}
    timestamps = (
        "2026-01-01T12:00:00.123456789Z",
        "2026-01-01T12:00:00.1234567Z",
        "2026-01-01t12:00:00z",
        "2026-01-01T12:00:00+02:00",
        "2026-01-01 12:00:00Z",
        "0001-01-01T00:00:00Z",
    )
    types = ("text/plain", "application/octet-stream", "text/json", "application/x+json")
    parameters = ("application/json; version=1", "application/json;")
    encodings = ("UTF8", "us-ascii", "utf-8", "identity")
    return [
        _case("ids in capitals", upper, None),
        _case("null for an optional field", body(timestamp=None), None),
        _case("another message_id", body(), None, message_id=uuid4().hex),
        _case("a message_id of one's own", body(), None, message_id="order-4711"),
        _case("id only as message_id", _without("command_id"), "invalid", message_id=str(uuid4())),
        _case("a bad traceparent", body(), None, headers={"traceparent": "x"}),
        _case("a time in milliseconds", body(), None, timestamp=1767225600000),
        _case("priority", body(), None, priority=9),
        *(_case(f"timestamp {t}", body(timestamp=t), None) for t in timestamps),
        *(_case(f"content type {t}", body(), None, content_type=t) for t in types + parameters),
        *(_case(f"encoding {e}", body(), None, content_encoding=e) for e in encodings),
    ]


MISTAKES = [*_types(), *_not_json(), *_fields(), *_timestamps(), *_labels(), *_harmless()]
