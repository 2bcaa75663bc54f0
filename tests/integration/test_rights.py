"""A component whose users may do no more than docs/security.md gives them, behind TLS."""

import re
from collections.abc import Iterator
from typing import Any

import pika
import psycopg
import pytest
from sqlalchemy import make_url

from persistence.database import Database
from tests.sample.things import make_table
from tests.support.foreign import create, update
from tests.support.neighbour import Shop
from tests.support.secured import PASSWORD, Servers, grants
from tests.support.system import System
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def component(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A component that works as the users of docs/security.md, behind TLS."""
    servers.run_sql(re.sub(r"'\w+-password'", f"'{PASSWORD}'", grants("As a superuser")))
    servers.run_sql(grants("In that database"), "component")
    system = System(
        servers.broker.url,
        servers.database.url("component"),
        tmp_path_factory.mktemp("component"),
        COMPONENT_NAME="component",
        AMQP_URL=servers.amqps("component"),
        DATABASE_URL=servers.postgresql("component_worker", "component"),
        READ_DATABASE_URL=servers.postgresql("component_reader", "component"),
        RETRY_DELAYS="0",
        ALLOWED_SENDERS="*=shop,operator",
    )
    system.name, system.queue = "component", "component.commands"
    system.exchange = "component.events"
    owner = servers.postgresql("component_owner", "component")
    system.call("migrate", DATABASE_URL=owner)
    with Database(owner) as database:
        make_table(database.engine)
    servers.run_sql("SET ROLE component_owner;" + grants("after the first `migrate`"), "component")
    system.start("consume", module="tests.support.misbehaving").wait_for_log("consuming")
    system.start("relay").wait_for_log("relaying")
    try:
        yield system
    finally:
        system.close()


@pytest.fixture
def shop(servers: Servers, component: System) -> Iterator[Shop]:
    result = Shop(servers.broker.url.replace("guest:guest", f"shop:{PASSWORD}"))
    yield result
    result.close()


def test_worker_and_neighbour_do_all_they_must_with_the_documented_rights(
    component: System, shop: Shop
) -> None:
    who = {"user-id": "u-1", "session-id": 7}
    among_many = {f"h{i:03}": i for i in range(100)} | who
    made = create()
    shop.send(made, user_id="shop", headers=who)
    assert shop.take("shop.replies")[0] == "thing.Created"
    shop.send(update(made.body["thing_id"], "bug until 2"), user_id="shop", headers=among_many)
    kind, headers = shop.take("shop.replies")
    assert kind == "thing.Updated", "after a retry, which the relay has sent"
    assert headers.items() >= who.items()
    assert [shop.take("shop.events")[0] for _ in range(2)] == ["thing.Created", "thing.Updated"]
    assert "bug until 2" in component.call("show", made.body["thing_id"])


def test_the_worker_takes_what_has_killed_workers_from_its_backstop_queue(
    component: System, shop: Shop
) -> None:
    shop.send(create(), queue="component.commands.dead", user_id="shop")
    wait_for(lambda: component.count("dead_letters", "kind = 'crash'"), "the dead letter")
    assert shop.take("shop.events")[0] == shop.take("shop.replies")[0] == "CommandFailed"


def test_who_does_not_say_who_he_is_is_refused(component: System, shop: Shop) -> None:
    shop.send(create())
    assert shop.take("shop.replies")[0] == "CommandFailed"
    assert shop.take("shop.events")[0] == "CommandFailed"
    assert component.count("dead_letters", "kind = 'not-allowed'") == 1


def test_a_person_sends_and_watches_with_the_documented_rights(
    component: System, servers: Servers
) -> None:
    operator = {"AMQP_URL": servers.amqps("operator")}
    watching = component.start("watch", **operator)
    watching.wait_for_log("Watching")
    component.call("send", "thing.Create", **operator)
    watching.wait_for_log("thing.Created")


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("basic_publish", ("component.events", "", b"{}")),
        ("basic_get", ("component.commands",)),
        ("queue_purge", ("component.commands.dead",)),
        ("queue_delete", ("component.commands",)),
        ("exchange_delete", ("component.events",)),
        ("queue_bind", ("component.commands", "component.events")),
        ("queue_declare", ("component.elsewhere",)),
    ],
)
def test_a_neighbour_can_do_no_more(shop: Shop, method: str, arguments: tuple[Any, ...]) -> None:
    assert "refused" in shop.refuses(method, *arguments)


def test_a_neighbour_cannot_say_that_he_is_somebody_else(shop: Shop) -> None:
    as_operator = pika.BasicProperties(user_id="operator")
    reason = shop.refuses("basic_publish", "", "component.commands", b"{}", as_operator)
    assert "user_id" in reason


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more (id int)",
        "CREATE TEMPORARY TABLE more (id int)",
        "ALTER TABLE sample_things ADD COLUMN more int",
        "DROP TABLE inbox",
        "TRUNCATE inbox",
        "CREATE INDEX ON inbox (status)",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE SCHEMA more",
    ],
)
def test_the_worker_cannot_change_the_schema(
    component: System, servers: Servers, statement: str
) -> None:
    refused(servers.postgresql("component_worker", "component"), statement)


@pytest.mark.parametrize("statement", ["DELETE FROM inbox", "INSERT INTO outbox DEFAULT VALUES"])
def test_who_only_reads_cannot_write(component: System, servers: Servers, statement: str) -> None:
    refused(servers.postgresql("component_reader", "component"), statement)


def refused(url: str, statement: str) -> None:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with (
        psycopg.connect(address) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)
