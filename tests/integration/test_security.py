"""Servers that speak TLS only, and users that may do no more than docs/security.md gives them."""

import json
import re
import shlex
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pika
import psycopg
import pytest
from sqlalchemy import make_url

from persistence.database import Database
from persistence.exceptions import PersistenceError
from tests.support.certificates import LONG_AGO, Authority
from tests.support.component import ping
from tests.support.foreign import Sent, create, update
from tests.support.project import ROOT
from tests.support.system import System
from tests.support.waiting import wait_for
from tools.postgresql import PostgreSQLCluster, server_user
from tools.processes import free_port
from tools.rabbitmq import RabbitMQNode
from tools.servers import install_programs, server_folder
from worker.amqp.broker import Broker
from worker.exceptions import BrokerUnavailable

pytestmark = pytest.mark.server

DOCUMENT = (ROOT / "docs" / "security.md").read_text()
PASSWORD = "s3cret"  # what no output may show


class Servers:
    """A broker and a database that take whom the authority has given a certificate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ours, other = Authority(folder, "ca"), Authority(folder, "other")
        self.ca, self.other_ca = ours.file, other.file
        ours.issue("broker", "localhost")
        ours.issue("database", "localhost", user=server_user())
        self.ours, self.foreign = ours.issue("ours", "us"), other.issue("foreign", "us")
        self._authority = ours
        self._port = free_port()
        self.broker = RabbitMQNode(folder / "rabbitmq", config=self._broker_configuration())
        self.database = PostgreSQLCluster(folder / "postgresql", settings=self._settings())

    def _broker_configuration(self) -> str:
        (self.folder / "definitions.json").write_text(definitions())
        return f"""
            load_definitions = {self.folder}/definitions.json
            listeners.ssl.1 = 127.0.0.1:{self._port}
            ssl_options.cacertfile = {self.ca}
            ssl_options.certfile = {self.folder}/broker.pem
            ssl_options.keyfile = {self.folder}/broker.key
            ssl_options.verify = verify_peer
            ssl_options.fail_if_no_peer_cert = true
        """

    def _settings(self) -> dict[str, str]:
        hba = self.folder / "pg_hba.conf"
        hba.write_text(
            "host all postgres 127.0.0.1/32 trust\n"
            "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n"
        )
        return {
            "ssl": "on",
            "ssl_ca_file": str(self.ca),
            "ssl_cert_file": f"{self.folder}/database.pem",
            "ssl_key_file": f"{self.folder}/database.key",
            "hba_file": str(hba),
        }

    def amqps(self, user: str, *, host: str = "localhost", **files: Path | None) -> str:
        given = {"ca": self.ca, "certificate": self.ours, **files}
        query = [f"cacertfile={given['ca']}"] if given["ca"] else []
        if own := given["certificate"]:
            query += [f"certfile={own}", f"keyfile={own.with_suffix('.key')}"]
        return f"amqps://{user}:{PASSWORD}@{host}:{self._port}/%2F?{'&'.join(query)}"

    def postgresql(
        self,
        user: str,
        database: str = "postgres",
        *,
        host: str = "localhost",
        mode: str = "verify-full",
        **files: Path | None,
    ) -> str:
        given = {"ca": self.ca, "certificate": self.ours, **files}
        query = {"sslmode": mode, "sslrootcert": str(given["ca"]), "sslcert": "/nowhere"}
        if own := given["certificate"]:
            query |= {"sslcert": str(own), "sslkey": str(own.with_suffix(".key"))}
        url = make_url(self.database.url(database))
        named = url.set(username=user, password=PASSWORD, host=host, query=query)
        return named.render_as_string(hide_password=False)

    def run_sql(self, statements: str, database: str = "postgres") -> None:
        address = f"host=127.0.0.1 port={self.database.port} user=postgres dbname={database}"
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in statements.split(";"):
                if statement.strip():
                    connection.execute(statement)

    @contextmanager
    def expired(self) -> Iterator[None]:
        self._renew(LONG_AGO)
        try:
            yield
        finally:
            self._renew(None)

    def _renew(self, expires: datetime | None) -> None:
        for name, user in (("broker", None), ("database", server_user())):
            self._authority.issue(name, "localhost", expires=expires, user=user)
        self.broker.ctl("eval", "ssl:clear_pem_cache().")
        self.run_sql("SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    install_programs()
    with server_folder("tls") as folder:
        both = Servers(folder)
        try:
            both.broker.start()
            both.database.start()
            both.run_sql(f"CREATE ROLE somebody LOGIN PASSWORD '{PASSWORD}'")
            yield both
        finally:
            both.broker.stop()
            both.database.stop()


def broker_says(url: str) -> str:
    """Return why this URL leads to no connection; nothing where it does."""
    try:
        Broker(url, "test", 30).close()
    except BrokerUnavailable as error:
        return told(error)
    return ""


def database_says(url: str) -> str:
    try:
        with Database(url) as database:
            ping(database)
    except PersistenceError as error:
        return told(error)
    return ""


def told(error: Exception) -> str:
    assert PASSWORD not in str(error)
    assert "\n" not in str(error)
    return str(error)


def test_a_broker_with_the_right_certificate_is_used(servers: Servers) -> None:
    assert broker_says(servers.amqps("somebody")) == ""


def test_a_broker_that_cannot_prove_who_it_is_is_not_used(servers: Servers) -> None:
    unknown = "of an authority that we do not know: name the authority's file"
    assert unknown in broker_says(servers.amqps("somebody", ca=servers.other_ca))
    assert unknown in broker_says(servers.amqps("somebody", ca=None))
    assert "for another host" in broker_says(servers.amqps("somebody", host="127.0.0.1"))


def test_a_broker_says_what_it_misses_in_us(servers: Servers) -> None:
    def says(words: str, **files: Path | None) -> None:
        # It may end the connection before we have read why.
        url = servers.amqps("somebody", **files)
        wait_for(lambda: words in broker_says(url), words)

    says("it wants a certificate of ours", certificate=None)
    says("does not accept our certificate", certificate=servers.foreign)


def test_a_port_without_tls_is_named_as_such(servers: Servers) -> None:
    url = re.sub(r":\d+/", f":{servers.broker.port}/", servers.amqps("somebody"))
    assert "no TLS is spoken there" in broker_says(url)


def test_a_database_with_the_right_certificate_is_used(servers: Servers) -> None:
    assert database_says(servers.postgresql("somebody")) == ""


def test_a_database_that_cannot_prove_who_it_is_is_not_used(servers: Servers) -> None:
    assert "sslrootcert must name" in database_says(
        servers.postgresql("somebody", ca=servers.other_ca)
    )
    assert "must name the host as" in database_says(
        servers.postgresql("somebody", host="127.0.0.1")
    )


def test_a_database_says_what_it_misses_in_us(servers: Servers) -> None:
    assert "by sslcert and sslkey" in database_says(
        servers.postgresql("somebody", certificate=None)
    )
    assert "it may want TLS" in database_says(servers.postgresql("somebody", mode="disable"))
    foreign = servers.postgresql("somebody", certificate=servers.foreign)
    assert "it does not accept ours" in database_says(foreign)


def definitions() -> str:
    """Return the users of the broker: those of docs/security.md, and two who may do anything."""
    everything = {"somebody": [".*"] * 3, "guest": [".*"] * 3}
    users = everything | {user: rights(user) for user in ("component", "shop", "operator")}
    passwords = dict.fromkeys(users, PASSWORD) | {"guest": "guest"}
    kinds = "configure", "write", "read"
    return json.dumps(
        {
            "vhosts": [{"name": "/"}],
            "users": [
                {"name": user, "password_hash": hashed(passwords[user]), "tags": ""}
                for user in users
            ],
            "permissions": [
                {"user": user, "vhost": "/", **dict(zip(kinds, patterns, strict=True))}
                for user, patterns in users.items()
            ],
        }
    )


def hashed(password: str) -> str:
    """Return the form in which RabbitMQ keeps a password."""
    salt = b"salt"
    return b64encode(salt + sha256(salt + password.encode()).digest()).decode()


def grants(place: str) -> str:
    """Return the statements of docs/security.md that follow these words."""
    return DOCUMENT.partition(place)[2].partition("```sql\n")[2].partition("```")[0]


def rights(user: str) -> list[str]:
    """Return the patterns of docs/security.md for this user."""
    line = re.search(rf"^rabbitmqctl set_permissions {user} .*$", DOCUMENT, re.MULTILINE)
    assert line
    return shlex.split(line.group())[3:]


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
    system.call("migrate", DATABASE_URL=servers.postgresql("component_owner", "component"))
    servers.run_sql("SET ROLE component_owner;" + grants("after the first `migrate`"), "component")
    system.start("consume", module="tests.support.misbehaving").wait_for_log("consuming")
    system.start("relay").wait_for_log("relaying")
    try:
        yield system
    finally:
        system.close()


class Shop:
    """A neighbour, as docs/security.md lets one be: it sends, is answered and subscribes."""

    def __init__(self, url: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self._connection.channel()
        for queue in ("shop.replies", "shop.events"):
            self.channel.queue_declare(queue, durable=True)
        self.channel.queue_bind("shop.events", "component.events")
        self.channel.confirm_delivery()

    def send(self, command: Sent, **properties: Any) -> None:
        known = pika.BasicProperties(type=command.type, reply_to="shop.replies", **properties)
        body = json.dumps(command.body).encode()
        self.channel.basic_publish("", "component.commands", body, known, mandatory=True)

    def take(self, queue: str) -> tuple[str, dict[str, Any]]:
        """Return type and headers of the next message."""
        got: list[Any] = []

        def has_come() -> bool:
            got[:] = self.channel.basic_get(queue, auto_ack=True)
            return got[0] is not None

        wait_for(has_come, f"a message in {queue}")
        return got[1].type, got[1].headers

    def refuses(self, method: str, *arguments: Any) -> str:
        """Return why the broker does not let us do this."""
        channel = self._connection.channel()
        channel.confirm_delivery()
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as error:
            getattr(channel, method)(*arguments)
        return str(error.value.reply_text)

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def shop(servers: Servers, component: System) -> Iterator[Shop]:
    result = Shop(servers.broker.url.replace("guest:guest", f"shop:{PASSWORD}"))
    yield result
    result.close()


def test_worker_and_neighbour_do_all_they_must_with_the_documented_rights(
    component: System, shop: Shop
) -> None:
    who = {"user-id": "u-1", "session-id": 7}
    made = create()
    shop.send(made, user_id="shop", headers=who)
    assert shop.take("shop.replies")[0] == "entity.Created"
    shop.send(update(made.body["entity_id"], "bug until 2"), user_id="shop", headers=who)
    kind, headers = shop.take("shop.replies")
    assert kind == "entity.Updated", "after a retry, which the relay has sent"
    assert headers.items() >= who.items()
    assert [shop.take("shop.events")[0] for _ in range(2)] == ["entity.Created", "entity.Updated"]
    assert "bug until 2" in component.call("show", made.body["entity_id"])


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
    component.call("send", "entity.Create", **operator)
    watching.wait_for_log("entity.Created")


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
        "ALTER TABLE entities ADD COLUMN more int",
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


def test_certificates_that_have_expired_are_not_accepted(servers: Servers) -> None:
    broker, database = servers.amqps("somebody"), servers.postgresql("somebody")
    with servers.expired():
        wait_for(lambda: "its certificate has expired" in broker_says(broker), "the broker's")
        wait_for(lambda: "may have expired" in database_says(database), "the database's")
    wait_for(lambda: not broker_says(broker) and not database_says(database), "good ones")
