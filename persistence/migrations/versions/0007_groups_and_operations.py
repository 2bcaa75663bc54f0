"""Dead letters have fingerprints, by which they form groups; replays are operations."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SerialKey = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Timestamp = sa.DateTime(timezone=True)
COUNTS = "asked", "sent", "applied", "rejected", "failed_again", "skipped", "cancelled"


def upgrade() -> None:
    # Older releases insert without it.
    op.add_column("dead_letters", sa.Column("fingerprint", sa.Text()))
    op.create_table(
        "dead_letter_groups",
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("owner", sa.Text()),
        sa.Column("on_hold", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("component", "fingerprint", name=op.f("pk_dead_letter_groups")),
    )
    op.create_table(
        "operations",
        sa.Column("id", SerialKey, nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("selection", sa.JSON(), nullable=False),
        sa.Column("began_at", Timestamp, nullable=False),
        sa.Column("seen_at", Timestamp, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        *(sa.Column(n, sa.Integer(), nullable=False, server_default="0") for n in COUNTS),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_operations_component_id"), "operations", ["component", "id"])
    op.create_table(
        "operation_commands",
        sa.Column("operation_id", sa.BigInteger(), nullable=False),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("operation_id", "command_id", name=op.f("pk_operation_commands")),
    )


def downgrade() -> None:
    for table in ("operation_commands", "operations", "dead_letter_groups"):
        op.drop_table(table)
    op.drop_column("dead_letters", "fingerprint")
