"""What every `Repository` and every `Views` promises, whatever is behind it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest

from domain.entity.entity import Entity
from domain.entity.events import Created, Updated
from domain.entity.identity import EntityID, new_entity_id
from domain.entity.queries import EntityView
from domain.exceptions import AlreadyExists, NotFound
from domain.handling import Repository
from domain.messages import CommandID
from persistence.database import Database
from tests.support.backends import Backend, MemoryBackend, sql_backend

CREATED = Created(command_id=CommandID(uuid4()), entity_id=new_entity_id())
UPDATED = Updated(command_id=CommandID(uuid4()), entity_id=new_entity_id(), value="blue")


class Interrupted(Exception):
    pass


def create(repository: Repository) -> EntityID:
    entity, _ = Entity.create(new_entity_id())
    repository.save(entity, [CREATED])
    return entity.id


def update(repository: Repository, entity_id: EntityID, *values: str) -> None:
    entity = repository.find(entity_id)
    for value in values:
        entity.update(value)
    repository.save(entity, [UPDATED] * len(values))


def state(repository: Repository, entity_id: EntityID) -> tuple[str | None, int] | None:
    entity = repository.find(entity_id)
    return (entity.dto.value, entity.dto.version) if entity else None


def interrupted(backend: Backend, work: Callable[[Repository], Any]) -> list[Any]:
    """Do the work in a transaction that fails then; return what the work returned."""
    done = []
    with suppress(Interrupted), backend.transaction() as repository:
        done.append(work(repository))
        raise Interrupted
    return done


class Contract(ABC):
    """The promises. A class that keeps them says where its entities are."""

    @pytest.fixture
    @abstractmethod
    def backend(self) -> Backend: ...

    @pytest.fixture
    def entity_id(self, backend: Backend) -> EntityID:
        """An entity that was created and committed."""
        with backend.transaction() as repository:
            return create(repository)

    def test_an_entity_that_was_never_saved_is_not_found(self, backend):
        with backend.transaction() as repository:
            assert repository.find(EntityID(uuid4())) is None

    def test_who_gets_an_unknown_entity_is_told_which(self, backend):
        entity_id = new_entity_id()
        with backend.transaction() as repository, pytest.raises(NotFound, match=str(entity_id)):
            repository.get(entity_id)

    def test_an_entity_that_is_there_is_not_new(self, backend, entity_id):
        with backend.transaction() as repository:
            repository.require_new(new_entity_id())
            with pytest.raises(AlreadyExists, match=str(entity_id)):
                repository.require_new(entity_id)

    def test_an_entity_that_was_only_made_is_not_found(self, backend):
        entity, _ = Entity.create(new_entity_id())
        with backend.transaction() as repository:
            assert repository.find(entity.id) is None

    def test_a_saved_entity_is_found_in_the_same_transaction(self, backend):
        with backend.transaction() as repository:
            entity_id = create(repository)
            assert repository.find(entity_id).id == entity_id

    def test_a_saved_entity_is_found_in_a_later_transaction(self, backend, entity_id):
        with backend.transaction() as repository:
            assert state(repository, entity_id) == (None, 1)

    def test_what_is_found_is_an_aggregate(self, backend, entity_id):
        with backend.transaction() as repository:
            assert isinstance(repository.find(entity_id), Entity)

    def test_saving_raises_the_version_by_one_an_event(self, backend, entity_id):
        with backend.transaction() as repository:
            update(repository, entity_id, "a", "b", "c")
            assert state(repository, entity_id) == ("c", 4)

    def test_saving_raises_the_version_of_the_entity_in_hand(self, backend):
        entity, _ = Entity.create(new_entity_id())
        with backend.transaction() as repository:
            repository.save(entity, [CREATED])
        assert entity.dto.version == 1

    def test_a_change_is_there_in_a_later_transaction(self, backend, entity_id):
        with backend.transaction() as repository:
            update(repository, entity_id, "blue")
        with backend.transaction() as repository:
            assert state(repository, entity_id) == ("blue", 2)

    def test_a_change_that_was_not_saved_is_not_kept(self, backend, entity_id):
        with backend.transaction() as repository:
            repository.find(entity_id).update("blue")
        with backend.transaction() as repository:
            assert state(repository, entity_id) == (None, 1)

    def test_several_changes_in_one_transaction_are_kept(self, backend, entity_id):
        with backend.transaction() as repository:
            update(repository, entity_id, "blue")
            update(repository, entity_id, "green")
        with backend.transaction() as repository:
            assert state(repository, entity_id) == ("green", 3)

    def test_an_entity_may_be_created_and_changed_in_one_transaction(self, backend):
        with backend.transaction() as repository:
            entity_id = create(repository)
            update(repository, entity_id, "blue")
        with backend.transaction() as repository:
            assert state(repository, entity_id) == ("blue", 2)

    def test_a_transaction_that_fails_keeps_no_new_entity(self, backend):
        (entity_id,) = interrupted(backend, create)
        with backend.transaction() as repository:
            assert repository.find(entity_id) is None

    def test_a_transaction_that_fails_keeps_no_change(self, backend, entity_id):
        interrupted(backend, lambda repository: update(repository, entity_id, "blue"))
        with backend.transaction() as repository:
            assert state(repository, entity_id) == (None, 1)

    def test_a_change_leaves_other_entities_alone(self, backend, entity_id):
        with backend.transaction() as repository:
            other_id = create(repository)
            update(repository, other_id, "red")
        with backend.transaction() as repository:
            update(repository, entity_id, "blue")
        with backend.transaction() as repository:
            assert state(repository, other_id) == ("red", 2)

    @pytest.mark.parametrize(
        "value", ["", " ", "žluť 🐎", "a'b\"c\\d%s", "x" * 100_000, "\u202e\ufeff"]
    )
    def test_any_text_is_kept_as_it_is(self, backend, entity_id, value):
        with backend.transaction() as repository:
            update(repository, entity_id, value)
        with backend.transaction() as repository:
            assert state(repository, entity_id) == (value, 2)

    def test_an_unknown_entity_has_no_view(self, backend):
        assert backend.views.find(EntityID(uuid4())) is None

    def test_a_new_entity_has_a_view_without_value(self, backend, entity_id):
        assert backend.views.find(entity_id) == EntityView(entity_id, None, 1)

    def test_the_view_shows_what_was_committed(self, backend, entity_id):
        with backend.transaction() as repository:
            update(repository, entity_id, "žluť 🐎")
        assert backend.views.find(entity_id) == EntityView(entity_id, "žluť 🐎", 2)

    def test_the_view_shows_the_entity_that_was_asked_for(self, backend, entity_id):
        with backend.transaction() as repository:
            other_id = create(repository)
            update(repository, other_id, "red")
        assert backend.views.find(entity_id) == EntityView(entity_id, None, 1)

    def test_the_views_are_listed_by_their_ids_a_page_at_a_time(self, backend):
        with backend.transaction() as repository:
            ids = sorted([create(repository) for _ in range(5)], key=str)
        first = backend.views.list(limit=2)
        rest = backend.views.list(limit=10, after=first[-1].id)
        assert [view.id for view in [*first, *rest]] == ids

    def test_the_views_are_listed_that_have_a_value(self, backend, entity_id):
        with backend.transaction() as repository:
            create(repository)
            update(repository, entity_id, "blue")
        assert backend.views.list(value="blue") == [EntityView(entity_id, "blue", 2)]

    def test_the_view_does_not_show_what_is_not_committed(self, backend, entity_id):
        with backend.transaction() as repository:
            update(repository, entity_id, "blue")
            assert backend.views.find(entity_id) == EntityView(entity_id, None, 1)

    def test_the_view_does_not_show_what_was_rolled_back(self, backend):
        (entity_id,) = interrupted(backend, create)
        assert backend.views.find(entity_id) is None


class TestMemory(Contract):
    @pytest.fixture
    def backend(self) -> Backend:
        return MemoryBackend()


class TestSQLite(Contract):
    @pytest.fixture
    def backend(self, sqlite: Database) -> Iterator[Backend]:
        with sql_backend(sqlite) as backend:
            yield backend


class TestPostgreSQL(Contract):
    @pytest.fixture
    def backend(self, postgresql: Database) -> Iterator[Backend]:
        with sql_backend(postgresql) as backend:
            yield backend
