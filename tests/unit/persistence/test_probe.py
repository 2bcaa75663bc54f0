"""What is asked before work begins again after an outage; it leaves everything as it was."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text

from persistence.database import Database
from persistence.endings import RETRYING
from persistence.exceptions import Refused
from persistence.inbox import InboxEntry
from persistence.messages import OutgoingMessage, StoredCommand
from persistence.outbox import outbox
from persistence.probe import require_relaying
from persistence.retries import retries
from persistence.unit_of_work import UnitOfWork
from tests.support.component import rows

MESSAGE = OutgoingMessage("t", "{}", "m", "c", 0, {})


@pytest.fixture
def waiting(database: Database) -> Database:
    """A database with an event, a reply and a retry that wait for a relay."""
    command_id = uuid4()
    with UnitOfWork(database, "tests") as unit:
        unit.outbox.add(MESSAGE)
        unit.outbox.add(MESSAGE, reply_to="sender")
        unit.inbox.record(InboxEntry(command_id, "", RETRYING, 1, None))
        for attempt in (1, 7):
            unit.retries.add(StoredCommand(b"", {}), datetime.now(UTC), command_id, attempt)
        unit.commit()
    return database


def test_a_relay_that_could_work_has_not_worked_yet(waiting):
    before = rows(waiting, outbox), rows(waiting, retries)
    require_relaying(waiting, "tests")
    assert (rows(waiting, outbox), rows(waiting, retries)) == before


@pytest.mark.parametrize("change", ["DELETE ON outbox", "DELETE ON retries", "UPDATE ON retries"])
def test_a_relay_cannot_work_where_what_it_has_published_would_stay(waiting, change):
    raising = "SELECT RAISE(ABORT, 'no')"
    with waiting.engine.begin() as connection:
        if waiting.is_postgresql:
            connection.execute(
                text(
                    "CREATE FUNCTION raises() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN RAISE EXCEPTION 'no'; END $$"
                )
            )
            raising = "EXECUTE FUNCTION raises()"
        body = f"FOR EACH ROW {raising}" if waiting.is_postgresql else f"BEGIN {raising}; END"
        connection.execute(text(f"CREATE TRIGGER raises BEFORE {change} {body}"))
    with pytest.raises(Refused):
        require_relaying(waiting, "tests")
    require_relaying(waiting, "another")
