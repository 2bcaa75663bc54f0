"""Inbox, outbox, retries and dead letters: what every component needs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SerialKey = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Timestamp = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.JSON()),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.CheckConstraint(
            "status IN ('applied', 'rejected', 'failed', 'retrying')", name=op.f("ck_inbox_status")
        ),
        sa.PrimaryKeyConstraint("component", "command_id", name=op.f("pk_inbox")),
    )
    op.create_index(op.f("ix_inbox_recorded_at"), "inbox", ["recorded_at"])
    op.create_table(
        "outbox",
        sa.Column("id", SerialKey, nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.Text()),
        sa.Column("aggregate_id", sa.Uuid()),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "5000",
            "autovacuum_vacuum_cost_delay": "0",
        },
    )
    op.create_index(op.f("ix_outbox_component_id"), "outbox", ["component", "id"])
    op.create_table(
        "retries",
        sa.Column("id", SerialKey, nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("due_at", Timestamp, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retries")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_retries_component_due_at"), "retries", ["component", "due_at"])
    op.create_table(
        "dead_letters",
        sa.Column("id", SerialKey, nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("command_id", sa.Uuid()),
        sa.Column("type", sa.Text()),
        sa.Column("errors", sa.JSON(), nullable=False),
        sa.Column("traceback", sa.Text()),
        sa.Column("attempts", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_bytes", sa.Integer(), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("died_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dead_letters_command_id"), "dead_letters", ["command_id"])
    op.create_index(op.f("ix_dead_letters_died_at"), "dead_letters", ["died_at"])
    if op.get_bind().dialect.name == "postgresql":
        # To compress large bodies takes longer than all the rest of a batch.
        op.execute("ALTER TABLE inbox ALTER outcome SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE outbox ALTER body SET STORAGE EXTERNAL")


def downgrade() -> None:
    for table in ("dead_letters", "retries", "outbox", "inbox"):
        op.drop_table(table)
