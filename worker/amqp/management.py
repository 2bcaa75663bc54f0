"""RabbitMQ's management API, where there is one: it tells what AMQP does not."""

import json
from base64 import b64encode
from http.client import HTTPException
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from worker.amqp.declarations import virtual_host
from worker.amqp.nodes import nodes
from worker.exceptions import NotAnswered
from worker.settings import Settings

PATIENCE = 2.0  # seconds for an answer
_PORTS = {"amqp": ("http", 15672), "amqps": ("https", 15671)}


class Management:
    """Asks the management API of one node, as the user of AMQP_URL or of MANAGEMENT_URL."""

    def __init__(self, url: str, amqp_url: str) -> None:
        parts, amqp = urlsplit(url), urlsplit(nodes(amqp_url)[0])
        who = parts if parts.username else amqp
        secret = f"{unquote(who.username or 'guest')}:{unquote(who.password or 'guest')}"
        self._authorization = f"Basic {b64encode(secret.encode()).decode()}"
        place = parts.netloc.rpartition("@")[2]
        self.address = f"{parts.scheme}://{place}{parts.path.rstrip('/')}"
        self._vhost = quote(virtual_host(amqp_url), safe="")
        # No proxy of the environment, and no other host by a redirection, shall hear the password.
        self._opener = build_opener(ProxyHandler({}))

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the one that is set, or the one that is usual where the broker is."""
        if settings.management_url:
            return cls(settings.management_url, settings.amqp_url)
        amqp = urlsplit(nodes(settings.amqp_url)[0])
        scheme, port = _PORTS[amqp.scheme]
        host = f"[{amqp.hostname}]" if ":" in (amqp.hostname or "") else amqp.hostname
        return cls(f"{scheme}://{host}:{port}", settings.amqp_url)

    def overview(self) -> Any:
        return self._get("overview")

    def queue(self, name: str) -> Any:
        return self._get(f"queues/{self._vhost}/{quote(name, safe='')}")

    def exchange(self, name: str) -> Any:
        return self._get(f"exchanges/{self._vhost}/{quote(name, safe='')}")

    def bindings_of(self, exchange: str) -> Any:
        """Return what is bound to the exchange, and hears what is published there."""
        return self._get(f"exchanges/{self._vhost}/{quote(exchange, safe='')}/bindings/source")

    def connections(self) -> Any:
        """Return the open connections; without the tag `monitoring`, those of our own user."""
        return self._get(f"vhosts/{self._vhost}/connections")

    def _get(self, path: str) -> Any:
        request = Request(f"{self.address}/api/{path}")  # noqa: S310 - http or https: of settings
        request.add_unredirected_header("Authorization", self._authorization)
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise NotAnswered(f"it says {error.code} {error.reason}", error.code) from error
        except (OSError, HTTPException, ValueError) as error:
            raise NotAnswered(str(getattr(error, "reason", None) or error)) from error
