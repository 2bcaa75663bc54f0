"""A connection that cannot even begin."""

import pika.compat
import pytest

from worker.amqp.broker import Broker
from worker.exceptions import BrokerUnavailable


def test_where_no_descriptor_is_left_the_broker_cannot_be_used(monkeypatch):
    def pair() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(pika.compat, "nonblocking_socketpair", pair)
    with pytest.raises(BrokerUnavailable, match="Too many open files"):
        Broker("amqp://127.0.0.1:1/", "name", 30)
