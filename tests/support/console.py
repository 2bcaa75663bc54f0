"""A console on a database of a test's own, asked without a network."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any
from uuid import uuid4
from warnings import catch_warnings, simplefilter

import uvicorn
from starlette.exceptions import StarletteDeprecationWarning

from persistence.database import Database
from persistence.dead_letters import EVERY, DeadLetterViews
from tests.sample.things import THING
from tests.support.component import component, settings
from tests.support.messages import read
from worker.component import Aggregate
from worker.console.app import make_app
from worker.console.desk import Desk
from worker.console.settings import ConsoleSettings
from worker.console.tokens import Token
from worker.consumer.processor import Processor

with catch_warnings():  # it would rather have a successor of httpx, which few have yet
    simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

PORT = 8088
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"


@contextmanager
def console(database: Database, *tokens: Token, host: str = "127.0.0.1") -> Iterator[TestClient]:
    """Give a client, whose requests have the host and the origin of the console's own pages."""
    url = database.url.render_as_string(hide_password=False)
    desk = Desk(settings(url), ConsoleSettings(host=host, port=PORT, tokens=tokens), [THING])
    headers = {"origin": ORIGIN, "accept": "application/json"}
    client = TestClient(
        make_app(desk),
        ORIGIN,
        headers=headers,
        follow_redirects=False,
        raise_server_exceptions=True,
    )
    try:
        yield client
    finally:
        client.close()
        desk.close()


def bury(database: Database, body: Any, type: str = "thing.UpdateValue") -> int:
    """Let a message become a dead letter; return its number."""
    Processor(component(database)).apply([read(type, body)])
    return DeadLetterViews(database, "tests").newest(EVERY, 1)[0].id


def wrong(**fields: Any) -> dict[str, Any]:
    """Return the body of a command that no schema takes."""
    return {"command_id": str(uuid4()), "thing_id": str(uuid4()), "value": 7, **fields}


@contextmanager
def served(database: Database, aggregates: Sequence[Aggregate], **changes: Any) -> Iterator[str]:
    """Serve a console at a free port, without tokens; give its address."""
    url = database.url.render_as_string(hide_password=False)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        told = ConsoleSettings(port=listening.getsockname()[1])
        app = make_app(Desk(settings(url, **changes), told, aggregates))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield told.address
        finally:
            server.should_exit = True
            thread.join(20)
