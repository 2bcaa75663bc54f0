"""A console on a database of a test's own, asked without a network."""

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
from tests.support.waiting import wait_for
from tools.processes import free_port
from worker.component import Aggregate
from worker.console.app import make_app
from worker.console.desk import Desk
from worker.console.settings import ConsoleSettings
from worker.console.tokens import Token
from worker.consumer.processor import Processor
from worker.settings import Settings

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


def console_of(own: Settings, aggregates: Sequence[Aggregate] = (THING,)) -> Desk:
    """Return what a console works with, at a free port and without tokens."""
    return Desk(own, ConsoleSettings(port=free_port()), aggregates)


@contextmanager
def serving(desk: Desk) -> Iterator[str]:
    """Serve a console; give its address."""
    server = uvicorn.Server(
        uvicorn.Config(
            make_app(desk),
            host=desk.console.host,
            port=desk.console.port,
            log_config=None,
            timeout_graceful_shutdown=1,
        )
    )
    thread = Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started, "the console")
        yield desk.console.address
    finally:
        server.should_exit = True
        thread.join(20)
