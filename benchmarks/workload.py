"""What every system has to do: the same commands in the same order."""

import json
import random
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID


@dataclass(frozen=True)
class Update:
    command_id: str
    entity_id: str
    value: str

    @property
    def body(self) -> bytes:
        content = {
            "command_id": self.command_id,
            "timestamp": "2026-01-01T12:00:00+00:00",
            "entity_id": self.entity_id,
            "value": self.value,
        }
        return json.dumps(content).encode()


class Workload:
    """Updates over entities that exist, the same in every round; values tell the updates apart."""

    type = "entity.UpdateValue"

    def __init__(self, commands: int, entities: int) -> None:
        chance = random.Random(1)
        self.entities = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(entities)]
        self.updates = [
            Update(
                str(UUID(int=chance.getrandbits(128), version=4)),
                chance.choice(self.entities),
                f"value {number} {'x' * 40}",
            )
            for number in range(commands)
        ]

    def __len__(self) -> int:
        return len(self.updates)

    @cached_property
    def by_entity(self) -> dict[str, list[Update]]:
        result: dict[str, list[Update]] = {entity: [] for entity in self.entities}
        for update in self.updates:
            result[update.entity_id].append(update)
        return result
