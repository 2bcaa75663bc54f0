"""Certificates, good and bad, of servers and of us: what does not fit is told with the way out."""

import re
from pathlib import Path

from persistence.database import Database
from persistence.exceptions import PersistenceError
from tests.support.component import ping
from tests.support.secured import PASSWORD, Servers
from tests.support.waiting import wait_for
from worker.amqp.broker import Broker
from worker.exceptions import BrokerUnavailable


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


def test_certificates_that_have_expired_are_not_accepted(servers: Servers) -> None:
    broker, database = servers.amqps("somebody"), servers.postgresql("somebody")
    with servers.expired():
        wait_for(lambda: "its certificate has expired" in broker_says(broker), "the broker's")
        wait_for(lambda: "may have expired" in database_says(database), "the database's")
    wait_for(lambda: not broker_says(broker) and not database_says(database), "good ones")
