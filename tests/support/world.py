"""What one scenario has done with a facade so far."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from domain.exceptions import DomainError
from domain.messages import Command, Event
from tests.support.backends import Facade


@dataclass
class World:
    """`id`: of the aggregate that the scenario is about; `other_id`: of its neighbour."""

    facade: Facade
    id: UUID = field(default_factory=uuid4)
    other_id: UUID = field(default_factory=uuid4)
    commands: list[Command] = field(default_factory=list)
    outcomes: list[Event] = field(default_factory=list)
    error: Exception | None = None

    def handle(self, command: Command) -> None:
        self.commands.append(command)
        try:
            self.outcomes.append(self.facade.handle(command)[0])
        except (DomainError, TypeError) as error:
            self.error = error

    def view(self) -> Any:
        return self.facade.queries.get(self.id)
