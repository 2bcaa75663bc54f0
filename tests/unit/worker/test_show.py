"""`worker show`, for aggregates of any type."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog
from click.testing import CliRunner, Result

from persistence.database import Database
from tests.support.component import component
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.cli import cli
from worker.consumer.processor import Processor


@pytest.fixture
def entity_id(migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """Return an entity with a value."""
    monkeypatch.setenv("DATABASE_URL", migrated_sqlite_url)
    entity_id = uuid4()
    with Database(migrated_sqlite_url) as database:
        Processor(component(database)).apply(
            [read(CREATE, create(entity_id)), read(UPDATE, update(entity_id, "blue"))]
        )
    return entity_id


def show(*words: str) -> Result:
    before = structlog.get_config()
    try:
        return CliRunner().invoke(cli, ["show", *words])
    finally:
        structlog.configure(**before)


def shown(*words: str) -> Any:
    result = show(*words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_an_aggregate_is_shown_by_its_type_and_id(entity_id):
    expected = {"entity_id": str(entity_id), "value": "blue", "version": 2}
    assert shown("entity", str(entity_id)) == expected


def test_the_type_may_be_left_out_where_there_is_one(entity_id):
    assert shown(str(entity_id))["value"] == "blue"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["entity", "7"], "is not a valid UUID"),
        (["animal", str(uuid4())], "There is no type 'animal', but entity."),
        (["entity", str(UUID(int=7))], f"There is no entity {UUID(int=7)}."),
        (["an", "entity", str(uuid4())], "There are more words than TYPE and ID."),
        ([], "Missing argument"),
    ],
)
def test_who_asks_wrongly_is_told_how(entity_id, words, sentence):
    result = show(*words)
    assert result.exit_code != 0
    assert sentence in result.output
