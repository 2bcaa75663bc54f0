"""Why the broker or the network has ended something, in the words that a person can use."""

from pika.exceptions import ChannelClosed, ConnectionClosed

from worker.exceptions import BrokerUnavailable


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
    return str(reason) or type(reason).__name__


def _naming_rights(refusal: str) -> str:
    """Add what RabbitMQ before 3.11 leaves out: which right it is that a user has not."""
    if not refusal.startswith("ACCESS_REFUSED - access to "):
        return refusal
    return f"{refusal}: configure is needed to declare, read to consume or bind, write to publish"
