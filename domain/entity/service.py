"""The facade of entities: what each command does."""

from domain.entity.commands import Create, UpdateValue
from domain.entity.entity import Entity
from domain.entity.events import Created, Updated
from domain.handling import Change, handles
from domain.handling import CommandHandler as Base


class CommandHandler(Base[Entity]):
    events = (Created, Updated)

    @handles(Create)
    def create(self, command: Create) -> Change:
        self.repository.require_new(command.entity_id)
        return self.saved(*Entity.create(command.entity_id))

    @handles(UpdateValue)
    def update_value(self, command: UpdateValue) -> Change:
        entity = self.repository.get(command.entity_id)
        return self.saved(entity, entity.update(command.value))
