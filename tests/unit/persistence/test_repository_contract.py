"""What every `Repository` and every `Views` promises, whatever is behind it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest

from domain.exceptions import AlreadyExists, NotFound
from domain.handling import Repository
from domain.messages import CommandID
from persistence.database import Database
from tests.sample.thing import Created, Thing, ThingID, ThingView, Updated, new_thing_id
from tests.support.backends import Backend, MemoryBackend, sql_backend

CREATED = Created(command_id=CommandID(uuid4()), thing_id=new_thing_id())
UPDATED = Updated(command_id=CommandID(uuid4()), thing_id=new_thing_id(), value="blue")


class Interrupted(Exception):
    pass


def create(repository: Repository) -> ThingID:
    thing, _ = Thing.create(new_thing_id())
    repository.save(thing, [CREATED])
    return thing.id


def update(repository: Repository, thing_id: ThingID, *values: str) -> None:
    thing = repository.find(thing_id)
    for value in values:
        thing.update(value)
    repository.save(thing, [UPDATED] * len(values))


def state(repository: Repository, thing_id: ThingID) -> tuple[str | None, int] | None:
    thing = repository.find(thing_id)
    return (thing.dto.value, thing.dto.version) if thing else None


def interrupted(backend: Backend, work: Callable[[Repository], Any]) -> list[Any]:
    """Do the work in a transaction that fails then; return what the work returned."""
    done = []
    with suppress(Interrupted), backend.transaction() as repository:
        done.append(work(repository))
        raise Interrupted
    return done


class Contract(ABC):
    """The promises. A class that keeps them says where its things are."""

    @pytest.fixture
    @abstractmethod
    def backend(self) -> Backend: ...

    @pytest.fixture
    def thing_id(self, backend: Backend) -> ThingID:
        """A thing that was created and committed."""
        with backend.transaction() as repository:
            return create(repository)

    def test_a_thing_that_was_never_saved_is_not_found(self, backend):
        with backend.transaction() as repository:
            assert repository.find(ThingID(uuid4())) is None

    def test_who_gets_an_unknown_thing_is_told_which(self, backend):
        thing_id = new_thing_id()
        with backend.transaction() as repository, pytest.raises(NotFound, match=str(thing_id)):
            repository.get(thing_id)

    def test_a_thing_that_is_there_is_not_new(self, backend, thing_id):
        with backend.transaction() as repository:
            repository.require_new(new_thing_id())
            with pytest.raises(AlreadyExists, match=str(thing_id)):
                repository.require_new(thing_id)

    def test_a_thing_that_was_only_made_is_not_found(self, backend):
        thing, _ = Thing.create(new_thing_id())
        with backend.transaction() as repository:
            assert repository.find(thing.id) is None

    def test_a_saved_thing_is_found_in_the_same_transaction(self, backend):
        with backend.transaction() as repository:
            thing_id = create(repository)
            assert repository.find(thing_id).id == thing_id

    def test_a_saved_thing_is_found_in_a_later_transaction(self, backend, thing_id):
        with backend.transaction() as repository:
            assert state(repository, thing_id) == (None, 1)

    def test_what_is_found_is_an_aggregate(self, backend, thing_id):
        with backend.transaction() as repository:
            assert isinstance(repository.find(thing_id), Thing)

    def test_saving_raises_the_version_by_one_an_event(self, backend, thing_id):
        with backend.transaction() as repository:
            update(repository, thing_id, "a", "b", "c")
            assert state(repository, thing_id) == ("c", 4)

    def test_saving_raises_the_version_of_the_thing_in_hand(self, backend):
        thing, _ = Thing.create(new_thing_id())
        with backend.transaction() as repository:
            repository.save(thing, [CREATED])
        assert thing.dto.version == 1

    def test_a_change_is_there_in_a_later_transaction(self, backend, thing_id):
        with backend.transaction() as repository:
            update(repository, thing_id, "blue")
        with backend.transaction() as repository:
            assert state(repository, thing_id) == ("blue", 2)

    def test_a_change_that_was_not_saved_is_not_kept(self, backend, thing_id):
        with backend.transaction() as repository:
            repository.find(thing_id).update("blue")
        with backend.transaction() as repository:
            assert state(repository, thing_id) == (None, 1)

    def test_several_changes_in_one_transaction_are_kept(self, backend, thing_id):
        with backend.transaction() as repository:
            update(repository, thing_id, "blue")
            update(repository, thing_id, "green")
        with backend.transaction() as repository:
            assert state(repository, thing_id) == ("green", 3)

    def test_a_thing_may_be_created_and_changed_in_one_transaction(self, backend):
        with backend.transaction() as repository:
            thing_id = create(repository)
            update(repository, thing_id, "blue")
        with backend.transaction() as repository:
            assert state(repository, thing_id) == ("blue", 2)

    def test_a_transaction_that_fails_keeps_no_new_thing(self, backend):
        (thing_id,) = interrupted(backend, create)
        with backend.transaction() as repository:
            assert repository.find(thing_id) is None

    def test_a_transaction_that_fails_keeps_no_change(self, backend, thing_id):
        interrupted(backend, lambda repository: update(repository, thing_id, "blue"))
        with backend.transaction() as repository:
            assert state(repository, thing_id) == (None, 1)

    def test_a_change_leaves_other_things_alone(self, backend, thing_id):
        with backend.transaction() as repository:
            other_id = create(repository)
            update(repository, other_id, "red")
        with backend.transaction() as repository:
            update(repository, thing_id, "blue")
        with backend.transaction() as repository:
            assert state(repository, other_id) == ("red", 2)

    @pytest.mark.parametrize(
        "value", ["", " ", "žluť 🐎", "a'b\"c\\d%s", "x" * 100_000, "\u202e\ufeff"]
    )
    def test_any_text_is_kept_as_it_is(self, backend, thing_id, value):
        with backend.transaction() as repository:
            update(repository, thing_id, value)
        with backend.transaction() as repository:
            assert state(repository, thing_id) == (value, 2)

    def test_an_unknown_thing_has_no_view(self, backend):
        assert backend.views.find(ThingID(uuid4())) is None

    def test_a_new_thing_has_a_view_without_value(self, backend, thing_id):
        assert backend.views.find(thing_id) == ThingView(thing_id, None, 1)

    def test_the_view_shows_what_was_committed(self, backend, thing_id):
        with backend.transaction() as repository:
            update(repository, thing_id, "žluť 🐎")
        assert backend.views.find(thing_id) == ThingView(thing_id, "žluť 🐎", 2)

    def test_the_view_shows_the_thing_that_was_asked_for(self, backend, thing_id):
        with backend.transaction() as repository:
            other_id = create(repository)
            update(repository, other_id, "red")
        assert backend.views.find(thing_id) == ThingView(thing_id, None, 1)

    def test_the_views_are_listed_by_their_ids_a_page_at_a_time(self, backend):
        with backend.transaction() as repository:
            ids = sorted([create(repository) for _ in range(5)], key=str)
        first = backend.views.list(limit=2)
        rest = backend.views.list(limit=10, after=first[-1].id)
        assert [view.id for view in [*first, *rest]] == ids

    def test_the_views_are_listed_that_have_a_value(self, backend, thing_id):
        with backend.transaction() as repository:
            create(repository)
            update(repository, thing_id, "blue")
        assert backend.views.list(value="blue") == [ThingView(thing_id, "blue", 2)]

    def test_the_view_does_not_show_what_is_not_committed(self, backend, thing_id):
        with backend.transaction() as repository:
            update(repository, thing_id, "blue")
            assert backend.views.find(thing_id) == ThingView(thing_id, None, 1)

    def test_the_view_does_not_show_what_was_rolled_back(self, backend):
        (thing_id,) = interrupted(backend, create)
        assert backend.views.find(thing_id) is None


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
