"""What a batch brought is let go when it ends, without the garbage collector where we can."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from persistence.database import Database
from persistence.exceptions import PersistenceError, StorageUnavailable
from tests.support.component import Sabotage, component
from tests.support.messages import UPDATE, codec, create, message, update
from worker.consumer import memory
from worker.consumer.memory import Collector
from worker.consumer.processor import Processor
from worker.consumer.reading import Reader

LARGE = "x" * 2**20
HUGE = 2 * 2**20
THING = uuid4()
KNOWN = update(THING, LARGE)


def bug(command: Any) -> None:
    raise RuntimeError("bug")


def nothing(command: Any) -> None:
    pass


@pytest.fixture
def _uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def processor(database: Database, sabotage: Sabotage = nothing) -> Processor:
    return Processor(component(database, sabotage, max_message_bytes=HUGE))


def apply(processor: Processor, body: Any, type: str = UPDATE) -> None:
    processor.apply([Reader(codec(), HUGE).read(message(type, body))])


def memory_after(work: Callable[[], None]) -> int:
    """Return how many bytes more are held once the work has been done a few times."""
    work()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(3):
            work()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("_uncollected")
@pytest.mark.parametrize("sabotage", [nothing, bug])
@pytest.mark.parametrize(
    "body",
    [
        lambda: update(THING, LARGE),
        lambda: update(uuid4(), LARGE),
        lambda: update(THING, LARGE, unknown=1),
        lambda: update(THING, [LARGE]),
        lambda: b'{"a": "' + LARGE.encode(),
        lambda: b"\xff" + LARGE.encode(),
        lambda: KNOWN,
        lambda: {**KNOWN, "value": LARGE + "y"},
    ],
    ids=[
        "applied",
        "rejected",
        "unknown field",
        "no text",
        "no JSON",
        "no UTF-8",
        "repeated",
        "another of its id",
    ],
)
def test_nothing_of_a_large_message_stays(sqlite, sabotage, body):
    apply(processor(sqlite), create(THING), "thing.Create")
    apply(processor(sqlite), KNOWN)
    worker = processor(sqlite, sabotage)
    assert memory_after(lambda: apply(worker, body())) < 2**19


@pytest.mark.usefixtures("_uncollected")
@pytest.mark.parametrize("table", ["outbox", "sample_things", "inbox"])
def test_nothing_of_a_large_message_stays_of_a_batch_that_could_not_be_stored(sqlite, table):
    worker = processor(sqlite)
    apply(worker, create(THING), "thing.Create")
    with sqlite.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO away")

    def in_vain() -> None:
        with pytest.raises(PersistenceError):
            apply(worker, update(THING, LARGE))

    assert memory_after(in_vain) < 2**19


def test_what_only_the_collector_frees_is_freed_by_bytes(monkeypatch):
    monkeypatch.setattr(memory, "COLLECT_EVERY", 100)
    looks: list[int] = []
    monkeypatch.setattr(memory.gc, "collect", lambda: looks.append(1))
    collector = Collector()
    for size in (60, 39, 1, 99, 1, 500):
        collector.handled(size)
    assert len(looks) == 3


def test_a_batch_that_cannot_be_stored_counts_each_time(sqlite, monkeypatch):
    counted: list[int] = []
    worker = processor(sqlite)
    monkeypatch.setattr(worker._collector, "handled", counted.append)

    def away() -> None:
        raise StorageUnavailable("away")

    monkeypatch.setattr(worker._component, "unit_of_work", away)
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            apply(worker, update(THING, LARGE))
    assert len(counted) == 2
    assert all(size > 2**20 for size in counted)
