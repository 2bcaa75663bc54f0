"""A retry says why the attempt before it failed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Older releases insert without it.
    op.add_column("retries", sa.Column("error", sa.Text()))


def downgrade() -> None:
    op.drop_column("retries", "error")
