"""A release whose upcaster can be seen at work: `AGGREGATES=tests.support.capitals`.

Values are in capitals since version 2 of the command.
"""

from dataclasses import replace
from typing import Any

from tests.sample import versions


class UpdateValue1(versions.UpdateValue1):
    @staticmethod
    def upcast(content: dict[str, Any]) -> dict[str, Any]:
        return {"thing_id": content["thing_id"], "text": content["value"].upper()}


SCHEMAS = tuple(UpdateValue1 if s is versions.UpdateValue1 else s for s in versions.SCHEMAS)
AGGREGATES = (replace(versions.LATER, schemas=SCHEMAS),)
