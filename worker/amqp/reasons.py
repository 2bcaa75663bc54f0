"""Why the broker or the network has ended something, in the words that a person can use."""

import re

from pika.exceptions import ChannelClosed, ConnectionClosed

from worker.exceptions import BrokerUnavailable

# What OpenSSL calls it, and what that asks of a person.
_OF_TLS = {
    "certificate has expired": "its certificate has expired: it needs a new one",
    "certificate is not valid for": "its certificate is for another host: AMQP_URL must name the"
    " host as the certificate does",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is of an authority that we do not know: name the"
    " authority's file, amqps://…?cacertfile=/path/ca.pem",
    "CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE": "it wants a certificate of ours: name one,"
    " amqps://…?certfile=/path/worker.pem&keyfile=/path/worker.key",
    "ALERT_(UNKNOWN_CA|(BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_(EXPIRED|REVOKED|UNKNOWN))": "it"
    " does not accept our certificate, AMQP_URL's certfile",
    "SSLEOFError": "it has broken TLS off: it is going down, or does not accept our certificate,"
    " AMQP_URL's certfile, or wants one",
    "WRONG_VERSION_NUMBER": "no TLS is spoken there: amqps:// is for another port, as a rule 5671",
}


def unavailable(reason: object) -> BrokerUnavailable:
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
    said = str(reason)
    told = (sentence for words, sentence in _OF_TLS.items() if re.search(words, said))
    return next(told, said) or type(reason).__name__


def _naming_rights(refusal: str) -> str:
    """Add what RabbitMQ before 3.11 leaves out: which right it is that a user has not."""
    if not refusal.startswith("ACCESS_REFUSED - access to "):
        return refusal
    return f"{refusal}: configure is needed to declare, read to consume or bind, write to publish"
