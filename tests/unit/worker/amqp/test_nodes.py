"""Several nodes in AMQP_URL: one of them is taken, and a dead one costs nothing."""

import socket
from collections.abc import Iterator

import pytest

from worker.amqp.nodes import nodes, reachable


@pytest.fixture
def alive() -> Iterator[list[str]]:
    """The URLs of two nodes that take connections."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        yield [f"amqp://u:p,w@127.0.0.1:{server.getsockname()[1]}/%2F" for server in (one, two)]


@pytest.fixture
def dead() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"amqp://u:p@127.0.0.1:{server.getsockname()[1]}/%2F"


def test_a_comma_parts_urls_and_not_a_password(alive: list[str]) -> None:
    assert nodes(",".join(alive)) == alive


def test_a_dead_node_is_passed_over(alive: list[str], dead: str) -> None:
    assert {reachable(f"{dead},{alive[0]}") for _ in range(20)} == {alive[0]}


def test_each_node_has_its_turn(alive: list[str]) -> None:
    assert {reachable(",".join(alive)) for _ in range(50)} == set(alive)


def test_where_no_node_is_there_the_error_is_of_one_of_them(dead: str) -> None:
    assert reachable(f"{dead},{dead}") == dead
    assert reachable(dead) == dead
