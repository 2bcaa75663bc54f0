"""Servers that speak TLS only, with the users that docs/security.md describes."""

import json
import re
import shlex
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.support.certificates import LONG_AGO, Authority
from tests.support.project import ROOT
from tools.postgresql import PostgreSQLCluster, server_user
from tools.processes import free_port
from tools.rabbitmq import RabbitMQNode

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
