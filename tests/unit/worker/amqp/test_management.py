"""The management API: where it is asked, and who hears the password."""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.support.component import settings
from tools.servers import free_port
from worker.amqp.management import Management
from worker.doctor.policies import reachable
from worker.exceptions import NotAnswered

Answer = tuple[int, dict[str, str], bytes]


class Api:
    """An HTTP server that notes what it is asked, and answers as it is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.answer: Answer = 200, {}, b"{}"
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.asked.append((self.path, self.headers["Authorization"]))
                status, headers, body = api.answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def make() -> Iterator[Callable[[], Api]]:
    apis: list[Api] = []

    def start() -> Api:
        apis.append(Api())
        return apis[-1]

    yield start
    for api in apis:
        api.close()


@pytest.mark.parametrize(
    ("amqp_url", "address"),
    [
        ("amqp://guest:guest@rabbit:5673/%2F", "http://rabbit:15672"),
        ("amqps://guest:guest@rabbit/%2F,amqps://guest:guest@other/%2F", "https://rabbit:15671"),
        ("amqp://guest:guest@[::1]/%2F", "http://[::1]:15672"),
    ],
)
def test_it_is_looked_for_where_the_broker_is(amqp_url, address):
    assert Management.of(settings(amqp_url=amqp_url)).address == address


def test_it_is_asked_as_the_user_of_the_broker_and_for_our_virtual_host(make):
    api = make()
    amqp_url = "amqp://me:p%40ss@127.0.0.1/a%2Fb"
    Management.of(settings(amqp_url=amqp_url, management_url=api.url)).queue("q/1")
    ((path, authorization),) = api.asked
    assert path == "/api/queues/a%2Fb/q%2F1"
    assert b64decode(authorization.removeprefix("Basic ")) == b"me:p@ss"


def test_its_own_user_may_be_named(make):
    api = make()
    url = api.url.replace("//", "//watcher:secret@")
    management = Management.of(settings(management_url=url))
    management.overview()
    assert b64decode(api.asked[0][1].removeprefix("Basic ")) == b"watcher:secret"
    assert "secret" not in management.address


def test_a_host_to_which_it_sends_us_does_not_hear_the_password(make):
    api, other = make(), make()
    api.answer = 302, {"Location": f"{other.url}/elsewhere"}, b""
    Management.of(settings(management_url=api.url)).overview()
    assert other.asked == [("/elsewhere", None)]


@pytest.mark.parametrize("answer", [(200, {}, b"<html>"), (500, {}, b"")])
def test_what_is_no_management_api_is_told_as_such(make, answer):
    api = make()
    api.answer = answer
    with pytest.raises(NotAnswered):
        Management.of(settings(management_url=api.url)).overview()


def test_a_user_who_may_not_ask_is_told_which_tag_he_needs(make):
    api = make()
    api.answer = 401, {}, json.dumps({"error": "not_authorized"}).encode()
    management, finding = reachable(settings(management_url=api.url))
    assert management is None
    assert "set_user_tags" in finding.way_out


@pytest.mark.parametrize(("is_set", "state"), [(True, "unknown"), (False, "warning")])
def test_one_that_is_away_is_missed_where_it_was_named(is_set, state):
    port = free_port()
    url = f"http://127.0.0.1:{port}" if is_set else None
    _, finding = reachable(settings(management_url=url))
    assert (finding.state, "MANAGEMENT_URL" in finding.way_out) == (state, True)
