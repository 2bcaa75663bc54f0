"""Live events come from a real broker, while somebody looks and no longer."""

import json
from uuid import uuid4

import httpx

from persistence.database import Database
from tests.support.component import settings
from tests.support.console import console_of, serving
from tests.support.waiting import wait_for
from worker.amqp.broker import Broker
from worker.amqp.publisher import Publisher
from worker.amqp.topology import declare
from worker.amqp.wire import properties_of_new_command


def test_a_page_hears_what_it_asked_for_and_nobody_listens_once_it_is_gone(
    amqp_url: str, sqlite: Database
) -> None:
    name, url = f"live-{uuid4().hex[:8]}", sqlite.url.render_as_string(hide_password=False)
    names = {"command_queue": f"{name}.commands", "event_exchange": f"{name}.events"}
    own = settings(url, amqp_url=amqp_url, **names)
    desk = console_of(own)
    with Broker(amqp_url, name, 30) as broker, serving(desk) as address:
        declare(broker, own)
        publisher = Publisher(broker)
        publisher.wait(lambda: publisher.ready)

        def is_taken() -> bool:
            for type in ("thing.Updated", "thing.Created"):
                properties = properties_of_new_command(type, str(uuid4()), 1, None)
                sent = publisher.publish(
                    own.event_exchange, type, json.dumps(type).encode(), properties
                )
            publisher.wait(lambda: not publisher.pending)
            return not sent.returned  # as it is until somebody listens

        with httpx.stream("GET", f"{address}/events/stream?type=thing.Created") as answer:
            wait_for(is_taken, "a listener at the exchange")
            lines = (line for line in answer.iter_lines() if line.startswith("data: "))
            heard = json.loads(next(lines)[6:])["events"]
        assert {event["body"] for event in heard} == {"thing.Created"}
        wait_for(lambda: desk.live.is_idle, "nobody to listen any more")
        for queue in (own.command_queue, f"{own.command_queue}.dead"):
            broker.call(broker.channel().queue_delete, queue=queue)
        broker.call(broker.channel().exchange_delete, exchange=own.event_exchange)
