"""Commands of the sample, which every release has."""

from typing import Any
from uuid import uuid4

from tests.support.foreign import Sent


def create(entity_id: str | None = None, **properties: Any) -> Sent:
    body = {"command_id": str(uuid4()), "entity_id": entity_id or str(uuid4())}
    return Sent("entity.Create", body, properties)


def update(entity_id: str, value: str, **properties: Any) -> Sent:
    body = {"command_id": str(uuid4()), "entity_id": entity_id, "value": value}
    return Sent("entity.UpdateValue", body, properties)
