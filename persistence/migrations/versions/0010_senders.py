"""Who sends which version of a command, and since when."""

import sqlalchemy as sa
from alembic import op

from persistence.columns import Timestamp

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "senders",
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("first_seen", Timestamp(), nullable=False),
        sa.Column("last_seen", Timestamp(), nullable=False),
        sa.Column("commands", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("component", "type", "version", "sender"),
    )


def downgrade() -> None:
    op.drop_table("senders")
