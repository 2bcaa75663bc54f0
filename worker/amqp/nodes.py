"""The nodes of one cluster, as AMQP_URL names them: `amqp://…,amqp://…`."""

import re
import socket
from contextlib import suppress
from random import sample
from urllib.parse import parse_qs, urlsplit

from worker.amqp.tls import TLSError, parameters_of

_PORTS = {"amqp": 5672, "amqps": 5671}
_PATIENCE = 2.0  # seconds for a node to take a connection, before the next one is asked


def nodes(urls: str) -> list[str]:
    """Return the URL of each node."""
    return re.split(r",(?=amqps?://)", urls)


def check_nodes(urls: str) -> None:
    """Raise `ValueError` with a sentence, which does not show the URL, where one is wrong."""
    for url in nodes(urls):
        try:
            parts = urlsplit(url)
            heartbeat = parse_qs(parts.query).get("heartbeat", ["30"])[0]
            parameters_of(url)
            valid = parts.scheme in ("amqp", "amqps") and parts.hostname and parts.port != 0
            valid = valid and "@" not in parts.path  # behind a password's unescaped slash
        except TLSError:
            raise
        except Exception:  # pika raises whatever it meets; its words may hold the password
            valid = False
        if not valid:
            raise ValueError("Must be amqp://user:password@host:port/vhost or amqps://….")
        if not heartbeat.isdecimal() or not 2 <= int(heartbeat) <= 600:
            raise ValueError("Its heartbeat must be 2 to 600 seconds.")


def reachable(urls: str) -> str:
    """Return the URL of a node that takes connections, in random order; of any if none does."""
    first, *others = sample(nodes(urls), len(nodes(urls)))
    if others:
        for url in (first, *others):
            parts = urlsplit(url)
            address = (parts.hostname or "", parts.port or _PORTS[parts.scheme])
            with suppress(OSError), socket.create_connection(address, _PATIENCE):
                return url
    return first
