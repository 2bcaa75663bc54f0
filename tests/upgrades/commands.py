"""What releases are recorded with: commands of the sample, which each of them knows."""

from typing import Any
from uuid import uuid4

import pytest

from tests.support.foreign import Sent
from worker.aggregates import AGGREGATES

TABLE = "entities"

# Whoever has removed the sample records releases with an aggregate that stays, and names it here.
where_it_is_there = pytest.mark.skipif(
    "entity" not in {aggregate.name for aggregate in AGGREGATES},
    reason="entity has gone, with which the releases in tests/upgrades were recorded",
)


def create(entity_id: str | None = None, **properties: Any) -> Sent:
    body = {"command_id": str(uuid4()), "entity_id": entity_id or str(uuid4())}
    return Sent("entity.Create", body, properties)


def update(entity_id: str, value: str, **properties: Any) -> Sent:
    body = {"command_id": str(uuid4()), "entity_id": entity_id, "value": value}
    return Sent("entity.UpdateValue", body, properties)
