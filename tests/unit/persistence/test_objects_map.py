"""DTOs that are more than columns of one table: relationships, composites, inheritance and more."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    JSON,
    Column,
    Computed,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    event,
    select,
)
from sqlalchemy.orm import composite, registry

from domain.messages import Event
from persistence.columns_map import is_columns_only
from persistence.database import Database
from persistence.exceptions import MappingError, NotUndone
from persistence.repository import ORMRepository
from persistence.unit_of_work import UnitOfWork
from tests.sample.aggregates import ORDER
from tests.sample.order import LineDTO, Order, OrderDTO
from tests.sample.order_table import MAPPING, metadata, orders
from tests.support.backends import COMPONENT
from tests.support.component import rows


class Bug(Exception):
    pass


@dataclass(frozen=True)
class Place:
    x: int
    y: int


@dataclass(eq=False)
class StopDTO:
    """A composite: two columns are one value."""

    id: UUID
    place: Place
    version: int = 0


@dataclass(eq=False)
class VehicleDTO:
    """The root of a hierarchy."""

    id: UUID
    name: str
    version: int = 0


@dataclass(eq=False)
class LorryDTO(VehicleDTO):
    """Joined: its columns are in a table of its own."""

    load: int = 0


@dataclass(eq=False)
class CarDTO(VehicleDTO):
    """Single: its columns are in the table of the root."""

    seats: int = 0


@dataclass(eq=False)
class BoxDTO:
    """A computed column, and a value that changes in place."""

    id: UUID
    sides: list[int]
    width: int = 0
    version: int = 0


class Aggregate:
    def __init__(self, dto: Any) -> None:
        self.dto = dto


@pytest.fixture
def tables(database: Database) -> Iterator[dict[str, Table]]:
    own = MetaData()

    def table(name: str, *columns: Column[Any]) -> Table:
        version = Column("version", Integer, nullable=False)
        return Table(name, own, Column("id", Uuid, primary_key=True), version, *columns)

    stops = table("stops", Column("x", Integer), Column("y", Integer))
    seats = Column("seats", Integer)
    vehicles = table("vehicles", Column("name", Text), Column("kind", Text), seats)
    key = Column("id", Uuid, ForeignKey("vehicles.id"), primary_key=True)
    lorries = Table("lorries", own, key, Column("load", Integer))
    computed = Column("area", Integer, Computed("width * width", persisted=True))
    boxes = table("boxes", Column("sides", JSON), Column("width", Integer), computed)
    mappings = registry(metadata=own)
    place = composite(Place, stops.c.x, stops.c.y)
    mappings.map_imperatively(StopDTO, stops, properties={"place": place})
    kind = vehicles.c.kind
    root = mappings.map_imperatively(
        VehicleDTO,
        vehicles,
        polymorphic_on=kind,
        polymorphic_identity="vehicle",
        exclude_properties=["seats"],
    )
    mappings.map_imperatively(LorryDTO, lorries, inherits=root, polymorphic_identity="lorry")
    mappings.map_imperatively(
        CarDTO, inherits=root, polymorphic_identity="car", properties={"seats": vehicles.c.seats}
    )
    mappings.map_imperatively(BoxDTO, boxes)
    own.create_all(database.engine)
    yield {table.name: table for table in own.sorted_tables}
    own.drop_all(database.engine)
    mappings.dispose()


@pytest.fixture
def order_tables(database: Database) -> Iterator[None]:
    metadata.create_all(database.engine)
    yield
    metadata.drop_all(database.engine)


def happened() -> Event:
    return Event(command_id=uuid4())


def fail(do: Callable[..., object], *arguments: object) -> None:
    do(*arguments)
    raise Bug


def repository(unit: UnitOfWork, dto_class: type[Any]) -> ORMRepository[Aggregate]:
    return ORMRepository(unit, Aggregate, dto_class, "thing", removable=True)


def store(database: Database, root: type[Any], *dtos: Any) -> None:
    with UnitOfWork(database, COMPONENT) as unit:
        for dto in dtos:
            with unit.command():
                repository(unit, root).save(Aggregate(dto), [happened()])
        unit.commit()


@pytest.mark.parametrize("root", [StopDTO, VehicleDTO, LorryDTO, CarDTO, BoxDTO])
def test_such_a_class_is_more_than_columns(tables, root):
    assert not is_columns_only(root)


def test_a_composite_is_stored_and_loaded(database, tables):
    store(database, StopDTO, stop := StopDTO(uuid4(), Place(1, 2)))
    with UnitOfWork(database, COMPONENT) as unit:
        assert repository(unit, StopDTO).get(stop.id).dto.place == Place(1, 2)
    assert rows(database, tables["stops"]) == [{"id": stop.id, "version": 1, "x": 1, "y": 2}]


@pytest.mark.parametrize(
    ("made", "attribute"),
    [
        (lambda id: StopDTO(id, Place(1, 2)), "place"),
        (lambda id: LorryDTO(id, "MAN", load=3), "load"),
        (lambda id: CarDTO(id, "Golf", seats=5), "seats"),
        (lambda id: BoxDTO(id, [1], width=2), "width"),
    ],
)
def test_a_failed_change_is_undone_by_the_savepoint(database, tables, made, attribute):
    root = VehicleDTO if isinstance(made(uuid4()), VehicleDTO) else type(made(uuid4()))
    store(database, root, dto := made(uuid4()))
    before = getattr(dto, attribute)
    other = Place(7, 7) if attribute == "place" else 7
    with UnitOfWork(database, COMPONENT) as unit:
        unit.use_savepoints()
        things = repository(unit, root)
        with suppress(Bug), unit.command():
            thing = things.get(dto.id)
            setattr(thing.dto, attribute, other)
            things.save(thing, [happened()])
            raise Bug
        with unit.command():
            thing = things.get(dto.id)
            assert (getattr(thing.dto, attribute), thing.dto.version) == (before, 1)
            things.save(thing, [happened()])
        unit.commit()
    with UnitOfWork(database, COMPONENT) as unit:
        thing = repository(unit, root).get(dto.id)
        assert (getattr(thing.dto, attribute), thing.dto.version) == (before, 2)


def test_a_hierarchy_is_loaded_with_the_columns_of_all_its_tables(database, tables, statements):
    store(database, VehicleDTO, lorry := LorryDTO(uuid4(), "MAN", load=3))
    store(database, VehicleDTO, car := CarDTO(uuid4(), "Golf", seats=5))
    with UnitOfWork(database, COMPONENT) as unit:
        vehicles = repository(unit, VehicleDTO)
        vehicles.lock([lorry.id, car.id])
        statements.clear()
        assert vehicles.get(lorry.id).dto.load == 3
        assert vehicles.get(car.id).dto.seats == 5
    assert statements == []


def test_a_member_of_a_hierarchy_is_removed_from_all_its_tables(database, tables):
    store(database, VehicleDTO, lorry := LorryDTO(uuid4(), "MAN", load=3))
    with UnitOfWork(database, COMPONENT) as unit:
        vehicles = repository(unit, VehicleDTO)
        vehicles.remove(vehicles.get(lorry.id), [happened()])
        unit.commit()
    assert [rows(database, tables[name]) for name in ("vehicles", "lorries")] == [[], []]


def test_a_computed_column_is_computed(database, tables):
    store(database, BoxDTO, BoxDTO(uuid4(), [], width=3))
    assert [row["area"] for row in rows(database, tables["boxes"])] == [9]


def test_a_change_within_a_value_is_not_undone_by_memory(database, tables):
    store(database, BoxDTO, box := BoxDTO(uuid4(), [1]))
    with UnitOfWork(database, COMPONENT) as unit:
        boxes = repository(unit, BoxDTO)
        with pytest.raises(NotUndone), unit.command():
            fail(boxes.get(box.id).dto.sides.append, 2)


def test_a_change_within_a_value_is_undone_by_the_savepoint(database, tables):
    store(database, BoxDTO, box := BoxDTO(uuid4(), [1]))
    with UnitOfWork(database, COMPONENT) as unit:
        unit.use_savepoints()
        boxes = repository(unit, BoxDTO)
        with suppress(Bug), unit.command():
            boxes.get(box.id).dto.sides.append(2)
            raise Bug
        assert boxes.get(box.id).dto.sides == [1]


def test_a_class_that_lacks_what_every_dto_has_is_refused(database):
    class Nameless:
        pass

    table = Table("nameless", MetaData(), Column("id", Uuid, primary_key=True))
    mappings = registry(metadata=table.metadata)
    mappings.map_imperatively(Nameless, table)
    unit = UnitOfWork(database, COMPONENT)
    with pytest.raises(MappingError, match="Nameless has no column 'version'"):
        unit.dtos(Nameless, "nameless")
    mappings.dispose()


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(" ".join(statement.split()))

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def place_orders(database: Database, count: int) -> Sequence[UUID]:
    MAPPING.apply()
    ids = [uuid4() for _ in range(count)]
    with UnitOfWork(database, COMPONENT) as unit:
        for order_id in ids:
            dto = OrderDTO(order_id, lines=[LineDTO("tea", 1), LineDTO("milk", 2)])
            ORDER.repository(unit).save(Order(dto), [happened()])
        unit.commit()
    return ids


@pytest.mark.usefixtures("order_tables")
def test_a_batch_of_orders_is_loaded_with_three_queries(database, statements):
    ids = place_orders(database, 10)
    with UnitOfWork(database, COMPONENT) as unit:
        statements.clear()
        found = ORDER.repository(unit)
        found.lock(ids)
        assert [len(found.get(order_id).dto.lines) for order_id in ids] == [2] * 10
    queries = [statement for statement in statements if statement.startswith("SELECT")]
    assert len(queries) == 3  # the locks, the orders, their lines


@pytest.mark.usefixtures("order_tables")
def test_orders_are_inserted_in_the_order_of_their_ids(database):
    seen: list[list[UUID]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if statement.startswith("INSERT INTO sample_orders"):
            seen.append(parameters)

    event.listen(database.engine, "before_cursor_execute", note)
    place_orders(database, 5)
    event.remove(database.engine, "before_cursor_execute", note)
    query = select(orders.c.id).order_by(orders.c.id)
    with database.engine.connect() as connection:
        ordered = [str(one) for one in connection.scalars(query)]
    text = str(seen).replace("-", "")
    places = [text.index(one.replace("-", "")) for one in ordered]
    assert places == sorted(places)


@pytest.mark.usefixtures("order_tables")
def test_orders_are_locked_in_the_order_of_their_ids_and_before_they_are_loaded(
    database, statements
):
    ids = place_orders(database, 2)
    with UnitOfWork(database, COMPONENT) as unit:
        statements.clear()
        ORDER.repository(unit).lock(ids)
    lock = next(statement for statement in statements if statement.startswith("SELECT"))
    assert "ORDER BY sample_orders.id" in lock
    assert lock.endswith("FOR UPDATE") == database.is_postgresql


@pytest.mark.usefixtures("order_tables")
def test_what_was_changed_and_not_saved_is_not_written(database):
    (order_id,) = place_orders(database, 1)
    with UnitOfWork(database, COMPONENT) as unit:
        with unit.command():
            ORDER.repository(unit).get(order_id).add_line("salt", 1)
        unit.commit()
    with UnitOfWork(database, COMPONENT) as unit:
        assert [line.product for line in ORDER.repository(unit).get(order_id).dto.lines] == [
            "milk",
            "tea",
        ]


@pytest.mark.usefixtures("order_tables")
def test_a_lock_that_went_with_its_savepoint_is_taken_again(database, statements):
    (order_id,) = place_orders(database, 1)
    with UnitOfWork(database, COMPONENT) as unit:
        unit.use_savepoints()
        for _ in range(2):
            statements.clear()
            with suppress(Bug), unit.command():
                ORDER.repository(unit).get(order_id)
                raise Bug
            assert any("FROM sample_orders" in statement for statement in statements)
