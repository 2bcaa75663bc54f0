"""Orders beside things: `AGGREGATES=tests.sample.aggregates`."""

from tests.sample import order, order_schemas, order_table
from tests.sample.sales import keep_sales
from tests.sample.things import THING
from worker.component import Aggregate

ORDER = Aggregate(
    name="order",
    commands=order,
    schemas=order_schemas.SCHEMAS,
    handler=order.CommandHandler,
    aggregate=order.Order,
    mapping=order_table.MAPPING,
    view=order.OrderView,
    keys=("order_id",),
    listeners=(keep_sales,),
    removable=True,
)

AGGREGATES = (THING, ORDER)
