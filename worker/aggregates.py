"""The aggregates of this component: a new one is one more entry here."""

import domain.entity.commands
import domain.entity.entity
import domain.entity.queries
import domain.entity.service
import persistence.entity.table
import schemas.entity
from worker.component import Aggregate

AGGREGATES = (
    Aggregate(
        name="entity",
        commands=domain.entity.commands,
        schemas=schemas.entity.SCHEMAS,
        handler=domain.entity.service.CommandHandler,
        aggregate=domain.entity.entity.Entity,
        mapping=persistence.entity.table.MAPPING,
        view=domain.entity.queries.EntityView,
        keys=("entity_id",),
    ),
)
