from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import event

from persistence.exceptions import MappingError
from persistence.mapping import Mapping
from tests.sample.thing import ThingDTO
from tests.sample.thing_table import things
from tests.sample.things import THING
from tests.support.component import component, settings
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.composition import compose
from worker.consumer.processor import Processor


def test_a_component_is_put_together_without_a_database():
    compose(settings("postgresql+psycopg://nobody@127.0.0.1:1/nowhere")).database.dispose()


def test_a_mapping_that_cannot_work_is_found_at_the_start():
    class Odd(Mapping):
        def apply(self) -> None:
            raise MappingError("no")

    odd = Odd(ThingDTO, things)
    with pytest.raises(MappingError):
        compose(settings(), [replace(THING, mapping=odd)])


def test_the_query_side_may_have_another_database(tmp_path):
    given = settings(read_database_url=f"sqlite:///{tmp_path / 'replica.db'}")
    database = compose(given).read_database()
    database.dispose()
    assert str(database.url).endswith("replica.db")


@pytest.fixture
def statements(database):
    """The statements that reach the database."""
    seen: list[str] = []

    def note(connection, cursor, statement, *rest):
        seen.append(" ".join(statement.split()))

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def test_a_larger_batch_needs_no_more_statements(database, statements):
    processor = Processor(component(database))
    ids = [UUID(int=i) for i in range(1, 51)]
    processor.apply([read(CREATE, create(thing_id)) for thing_id in ids])
    statements.clear()
    processor.apply([read(UPDATE, update(thing_id)) for thing_id in ids[:2]])
    few = len(statements)
    statements.clear()
    processor.apply([read(UPDATE, update(thing_id)) for thing_id in ids])
    assert len(statements) == few <= 6


def test_aggregates_are_locked_before_the_inbox_is_read(database, statements):
    processor = Processor(component(database))
    processor.apply([read(CREATE, create(UUID(int=1)))])
    statements.clear()
    processor.apply([read(UPDATE, update(UUID(int=1)))])
    reads = [text for text in statements if text.startswith("SELECT") and " FROM " in text]
    assert [text.split(" FROM ")[1].split()[0] for text in reads] == ["sample_things", "inbox"]
