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
def thing_id(migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """Return a thing with a value."""
    monkeypatch.setenv("DATABASE_URL", migrated_sqlite_url)
    monkeypatch.setenv("AGGREGATES", "tests.sample.things")
    thing_id = uuid4()
    with Database(migrated_sqlite_url) as database:
        Processor(component(database)).apply(
            [read(CREATE, create(thing_id)), read(UPDATE, update(thing_id, "blue"))]
        )
    return thing_id


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


def test_an_aggregate_is_shown_by_its_type_and_id(thing_id):
    expected = {"thing_id": str(thing_id), "value": "blue", "version": 2}
    assert shown("thing", str(thing_id)) == expected


def test_the_type_may_be_left_out_where_there_is_one(thing_id):
    assert shown(str(thing_id))["value"] == "blue"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["thing", "7"], "is not a valid UUID"),
        (["animal", str(uuid4())], "There is no type 'animal', but thing."),
        (["thing", str(UUID(int=7))], f"There is no thing {UUID(int=7)}."),
        (["an", "thing", str(uuid4())], "There are more words than TYPE and ID."),
        ([], "Missing argument"),
    ],
)
def test_who_asks_wrongly_is_told_how(thing_id, words, sentence):
    result = show(*words)
    assert result.exit_code != 0
    assert sentence in result.output
