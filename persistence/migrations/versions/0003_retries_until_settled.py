"""A retry stays until its attempt is settled: whose it is, which attempt, and how often sent."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Older releases insert without these columns.
    op.add_column("retries", sa.Column("command_id", sa.Uuid()))
    op.add_column("retries", sa.Column("attempt", sa.Integer()))
    op.add_column("retries", sa.Column("sends", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(op.f("ix_retries_component_command_id"), "retries", ["component", "command_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_retries_component_command_id"), "retries")
    for column in ("sends", "attempt", "command_id"):
        op.drop_column("retries", column)
