"""Events and replies are looked for apart: an index for each."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEXES = {"ix_outbox_events": "reply_to IS NULL", "ix_outbox_replies": "reply_to IS NOT NULL"}


def upgrade() -> None:
    for name, condition in INDEXES.items():
        where = sa.text(condition)
        op.create_index(
            name, "outbox", ["component", "id"], postgresql_where=where, sqlite_where=where
        )
    # A relay of the release before, beside us, takes the key's own index instead.
    op.drop_index("ix_outbox_component_id", "outbox")


def downgrade() -> None:
    op.create_index("ix_outbox_component_id", "outbox", ["component", "id"])
    for name in INDEXES:
        op.drop_index(name, "outbox")
