"""Dead letters from before get their fingerprints, in bites; and an index finds a group."""

from alembic import op

from persistence.dead_letters.filling import fill_bite

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = "ix_dead_letters_component_fingerprint"


def upgrade() -> None:
    # Each bite commits by itself, so that nobody waits for all of them. The program does the same
    # with what an older release writes beside it, so this may use what the program uses.
    with op.get_context().autocommit_block():
        last = 0
        while last := fill_bite(op.get_bind(), last):
            pass
        op.drop_index(INDEX, "dead_letters", if_exists=True)  # of a migration that was broken off
        op.create_index(
            INDEX, "dead_letters", ["component", "fingerprint"], postgresql_concurrently=True
        )


def downgrade() -> None:
    op.drop_index(INDEX, "dead_letters")
