"""What comes in the place of JSON, by a name that tells its sender what to change."""

# By its first bytes; no JSON object begins with any of them.
_BEGINNINGS = {
    b"\xef\xbb\xbf": "begins with a byte order mark: send UTF-8 without it",
    b"\xff\xfe": "is UTF-16: send UTF-8",
    b"\xfe\xff": "is UTF-16: send UTF-8",
    b"{\0": "is UTF-16: send UTF-8",
    b"\0{": "is UTF-16: send UTF-8",
    b"\x1f\x8b": "is compressed (gzip): send it plain",
    b"\x78\x01": "is compressed (zlib): send it plain",
    b"\x78\x5e": "is compressed (zlib): send it plain",
    b"\x78\x9c": "is compressed (zlib): send it plain",
    b"\x78\xda": "is compressed (zlib): send it plain",
    b"eyJ": "is Base64: send it plain",
    b"eyA": "is Base64: send it plain",
    b"ewo": "is Base64: send it plain",
    b"H4sI": "is compressed (gzip) and Base64: send it plain",
    b"\x80\x02": "is a Python pickle: send JSON",
    b"\x80\x03": "is a Python pickle: send JSON",
    b"\x80\x04": "is a Python pickle: send JSON",
    b"\x80\x05": "is a Python pickle: send JSON",
    b"\x00\x53\x77": "is an AMQP 1.0 value: send a data section",
    b"\x00\x53\x76": "is an AMQP 1.0 sequence: send a data section",
    b"\xac\xed": "is a serialized Java object: send JSON",
    b"<": "is XML: send JSON",
    b"[object Object]": "is what JavaScript makes of an object: send what JSON.stringify returns",
    b"{'": "is not JSON: it has single quotes, as Python writes objects",
}


def name_of(body: bytes) -> str | None:
    """Return what can be said of a body that is no JSON, if more than that."""
    if not body:
        return "is not JSON: it is empty"
    return next((name for start, name in _BEGINNINGS.items() if body.startswith(start)), None)
