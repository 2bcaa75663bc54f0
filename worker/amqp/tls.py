"""TLS to the broker: whom we trust and who we are, in the words of RabbitMQ's own URIs."""

import ssl
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pika

_FILES = ("cacertfile", "certfile", "keyfile")


def parameters_of(url: str) -> pika.URLParameters:
    """Return what pika is to know of a node; raise `ValueError` where a file is of no use.

    The broker's certificate is always verified: by the system's authorities, or by those that
    `cacertfile` holds.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    files = {name: query.pop(name)[-1] for name in _FILES if name in query}
    if not files:
        return pika.URLParameters(url)
    if parts.scheme != "amqps":
        raise TLSError(f"{' and '.join(files)} are for TLS: the URL must begin with amqps://.")
    rest = urlunsplit(parts._replace(query=urlencode(query, doseq=True)))
    result = pika.URLParameters(rest)
    result.ssl_options = pika.SSLOptions(_context(**files))
    return result


class TLSError(ValueError):
    """Files that make no TLS connection; the message names them, and no secret."""


def _context(
    cacertfile: str | None = None, certfile: str | None = None, keyfile: str | None = None
) -> ssl.SSLContext:
    if (certfile is None) != (keyfile is None):
        raise TLSError("certfile and keyfile go together: name both, or none.")
    for path in filter(None, (cacertfile, certfile, keyfile)):
        _require_readable(path)
    try:
        context = ssl.create_default_context(cafile=cacertfile)
    except ssl.SSLError as error:
        raise TLSError(f"There is no certificate in PEM form in {cacertfile}.") from error
    if certfile is not None:
        _present(context, certfile, keyfile)
    return context


def _require_readable(path: str) -> None:
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise TLSError(f"{path} cannot be read: {error.strerror}.") from error


def _present(context: ssl.SSLContext, certfile: str, keyfile: str | None) -> None:
    try:
        context.load_cert_chain(certfile, keyfile, _no_password)
    except ssl.SSLError as error:
        raise TLSError(
            f"{certfile} and {keyfile} are no certificate and its key, both in PEM form."
        ) from error


def _no_password() -> str:
    """Answer for the terminal, at which OpenSSL would ask and wait."""
    raise TLSError("The key is encrypted: write it without a password, readable by us alone.")
