"""The nodes of one cluster, as AMQP_URL names them: `amqp://…,amqp://…`."""

import re
import socket
from contextlib import suppress
from random import sample
from urllib.parse import urlsplit

_PORTS = {"amqp": 5672, "amqps": 5671}
_PATIENCE = 2.0  # seconds for a node to take a connection, before the next one is asked


def nodes(urls: str) -> list[str]:
    """Return the URL of each node."""
    return re.split(r",(?=amqps?://)", urls)


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
