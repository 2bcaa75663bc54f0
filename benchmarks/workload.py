"""What every system has to do: the same commands in the same order."""

import json
import random
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import pika


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

    @property
    def properties(self) -> pika.BasicProperties:
        return pika.BasicProperties(
            type="entity.UpdateValue",
            content_type="application/json",
            message_id=self.command_id,
            delivery_mode=pika.DeliveryMode.Persistent,
        )


class Workload:
    """Updates over entities that exist, the same in every round; values tell the updates apart.

    `value_bytes`: how long a value is; with 38, a command has 200 bytes. `hot`: the share of the
    updates that all go to one entity.
    """

    def __init__(
        self, commands: int, entities: int, value_bytes: int = 38, hot: float = 0.0
    ) -> None:
        chance = random.Random(1)
        self.entities = [_uuid(chance) for _ in range(entities)]
        self.updates = [
            Update(
                _uuid(chance),
                self.entities[0] if chance.random() < hot else chance.choice(self.entities),
                f"{number} {_text(chance, value_bytes)}"[:value_bytes],
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


def _uuid(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))


def _text(chance: random.Random, length: int) -> str:
    # Random, as a database and a disk would make a few bytes of anything that repeats itself.
    return b64encode(chance.randbytes(length)).decode()
