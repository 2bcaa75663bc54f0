"""Orders with lines as rows, and a projection by SQL, in processes that are killed."""

import signal
from collections import defaultdict
from uuid import uuid4

from persistence.database import Database
from tests.sample.sales import metadata
from tests.support.foreign import Heard, Sent, Subscriber
from tests.support.system import System
from tests.support.waiting import wait_for

SETTINGS = {"AGGREGATES": "tests.sample.aggregates", "MAX_ATTEMPTS": "1", "BATCH_SIZE": "10"}
ORDERS, KILLS = 24, 4


def command(type: str, order_id: str, **fields: object) -> Sent:
    body = {"command_id": str(uuid4()), "order_id": order_id, **fields}
    return Sent(f"order.{type}", body)


def life_of_an_order(number: int) -> list[Sent]:
    """Return commands: the database refuses one, the domain rejects two, one after the change."""
    order_id = str(uuid4())
    commands = [
        command("Place", order_id, reference=f"R{number}"),
        command("AddLine", order_id, product="tea", quantity=2),
        command("AddLine", order_id, product="nothing", quantity=0),
        command("AddLine", order_id, product="milk", quantity=1),
        command("AddLine", order_id, product="rice", quantity=100),
        command("RemoveLine", order_id, product="salt"),
        command("RemoveLine", order_id, product="tea"),
    ]
    return [*commands, command("Close", order_id)] if number % 2 else commands


def histories(subscriber: Subscriber) -> dict[str, list[Heard]]:
    """Return the distinct events of each order, by their versions: none may lack."""
    events: dict[str, dict[int, Heard]] = defaultdict(dict)
    for heard in list(subscriber.heard):
        if "aggregate-version" in heard.headers:
            version = heard.headers["aggregate-version"]
            events[heard.headers["aggregate-id"]].setdefault(version, heard)
    for versions in events.values():
        assert sorted(versions) == list(range(1, len(versions) + 1))
    return {order: [versions[n] for n in sorted(versions)] for order, versions in events.items()}


def lines_after(history: list[Heard]) -> set[tuple[str, int]] | None:
    """Return the lines that an order has after these events, None if it is gone."""
    lines: dict[str, int] = {}
    for heard in history:
        if heard.type == "order.LineAdded":
            product = heard.body["product"]
            lines[product] = lines.get(product, 0) + heard.body["quantity"]
        elif heard.type == "order.LineRemoved":
            del lines[heard.body["product"]]
        elif heard.type == "order.Closed":
            return None
    return set(lines.items())


def test_rows_behind_a_relationship_and_a_projection_survive_kills(either_system: System) -> None:
    system = either_system
    with Database(system.database_url) as database:
        metadata.create_all(database.engine)
    subscriber = system.subscriber()
    sent = [one for number in range(ORDERS) for one in life_of_an_order(number)]
    system.start("relay", **SETTINGS)
    consumer = system.start("consume", **SETTINGS)
    system.sender().send(sent)
    for kill in range(1, KILLS + 1):
        wait_for(
            lambda n=kill: system.count("inbox") > n * 10, "some that are settled", every=0.001
        )
        consumer.signal(signal.SIGKILL)
        assert consumer.wait() == -signal.SIGKILL
        assert system.count("inbox") < len(sent), "everything was settled before the kills"
        consumer = system.start("consume", **SETTINGS)
    wait_for(lambda: system.count("inbox") == len(sent), "all commands", 60)
    wait_for(lambda: subscriber.distinct() == len(sent), "an event of each command")

    found: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for order_id, product, quantity in system.query(
        "SELECT order_id, product, quantity FROM sample_lines"
    ):
        found[_hex(order_id)].add((str(product), int(str(quantity))))
    orders = {_hex(order_id) for (order_id,) in system.query("SELECT id FROM sample_orders")}
    wanted = {_hex(order): lines_after(h) for order, h in histories(subscriber).items()}
    assert len(wanted) == ORDERS
    assert orders == {order for order, lines in wanted.items() if lines is not None}
    assert found == {order: lines for order, lines in wanted.items() if lines}
    sold = {_hex(event_id) for (event_id,) in system.query("SELECT event_id FROM sample_sales")}
    added = (h for history in histories(subscriber).values() for h in history)
    assert sold == {_hex(h.body["event_id"]) for h in added if h.type == "order.LineAdded"}


def _hex(uuid: object) -> str:
    """Return the digits alone: SQLite keeps no dashes."""
    return str(uuid).replace("-", "")
