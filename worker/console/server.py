"""Serves the console, until a signal."""

import signal
import socket
from collections.abc import Callable

import uvicorn

from worker.console.app import make_app
from worker.console.desk import Desk
from worker.console.settings import ConsoleSettings
from worker.settings import Settings


def serve(settings: Settings, console: ConsoleSettings, ready: Callable[[], object]) -> None:
    """Raises `OSError` where the address cannot be used."""
    family = socket.AF_INET6 if ":" in console.host else socket.AF_INET
    with socket.create_server((console.host, console.port), family=family) as listening:
        desk = Desk(settings, console)
        config = uvicorn.Config(
            make_app(desk),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=3,  # seconds for who still reads events
            limit_concurrency=200,
        )
        server = uvicorn.Server(config)

        def end(*_: object) -> None:
            server.should_exit = True

        for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises them again once it is done
            signal.signal(number, end)
        ready()
        server.run([listening])
