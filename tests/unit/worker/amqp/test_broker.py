"""A connection that cannot even begin, and one that is not answered any more."""

from contextlib import closing

import pika.compat
import pytest
from pika import URLParameters

from tests.support.proxy import Proxy
from tests.support.waiting import wait_for
from worker.amqp.broker import Broker
from worker.exceptions import BrokerUnavailable


def test_where_no_descriptor_is_left_the_broker_cannot_be_used(monkeypatch):
    def pair() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(pika.compat, "nonblocking_socketpair", pair)
    with pytest.raises(BrokerUnavailable, match="Too many open files"):
        Broker("amqp://127.0.0.1:1/", "name", 30)


@pytest.mark.server
@pytest.mark.timeout(15)  # as long as the work beside it waits: less than for a connection alone
def test_who_has_a_connection_beside_it_does_not_wait_long_for_that_one(amqp_url):
    port = URLParameters(amqp_url).port
    with closing(Proxy(port)) as proxy, Broker(amqp_url, "main", 60) as main:
        guest = Broker(amqp_url.replace(str(port), str(proxy.port)), "guest", 60, beside=main)

        def is_open() -> bool:
            main.step(0.05)
            return guest.is_open

        wait_for(is_open, "the connection beside")
        proxy.silent()
        with pytest.raises(BrokerUnavailable, match="no a channel"):
            guest.channel()
        assert main.channel().is_open
        proxy.down()

        def is_lost() -> object:
            main.step(0.05)
            return guest.lost

        wait_for(is_lost, "its end")
