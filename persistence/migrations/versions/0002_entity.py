"""The sample aggregate."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "entities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_entities_version_is_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entities")),
    )


def downgrade() -> None:
    op.drop_table("entities")
