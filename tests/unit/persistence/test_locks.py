"""One at a time, by whatever way two come to the same database."""

import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from persistence.database import Database
from persistence.exceptions import StorageUnavailable
from persistence.locks import lock
from persistence.outbox import relay_name
from persistence.relay_session import RelaySession


@pytest.fixture
def by_a_link(sqlite: Database, tmp_path: Path) -> Database:
    """The same file by another name, in a folder that is a link too."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "linked").symlink_to(Path(sqlite.url.database).parent)
    (folder / "other.db").symlink_to(folder / "linked" / Path(sqlite.url.database).name)
    return Database(f"sqlite:///{folder / 'other.db'}")


def test_two_relays_that_come_by_different_links_do_not_both_lead(sqlite, by_a_link):
    with RelaySession(sqlite, "tests") as first, RelaySession(by_a_link, "tests") as second:
        assert first.acquire()
        assert not second.acquire()


def test_nobody_else_can_open_the_lock_of_an_sqlite_file(sqlite):
    path = Path(f"{sqlite.url.database}.tests.lock")
    path.touch(0o644)
    with sqlite.autocommit_connection() as connection:
        turn = lock(sqlite, connection, "tests")
        assert turn.acquire(wait=False)
        turn.release()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def link(path: Path) -> None:
    path.with_name("victim").touch(0o644)
    path.symlink_to("victim")


@pytest.mark.parametrize("put", [link, os.mkfifo])
def test_what_somebody_has_put_in_the_place_of_the_lock_is_neither_changed_nor_waited_for(
    sqlite, tmp_path, put
):
    put(Path(f"{sqlite.url.database}.{relay_name('tests')}.lock"))
    with RelaySession(sqlite, "tests") as session, pytest.raises(StorageUnavailable):
        session.acquire()
    assert [stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("victim")] in ([], [0o644])


def test_who_waits_for_a_lock_has_no_transaction_open(postgresql, monkeypatch):
    asked: list[str] = []

    def look(seconds: float) -> None:
        with holder.engine.connect() as connection:
            asked.append(connection.execute(query, {"pid": pid}).scalar_one())
        first.release()

    query = text("SELECT state FROM pg_stat_activity WHERE pid = :pid")
    monkeypatch.setattr("persistence.locks.sleep", look)
    with (
        Database(postgresql.url.render_as_string(hide_password=False)) as holder,
        holder.autocommit_connection() as holding,
        postgresql.autocommit_connection() as waiting,
    ):
        pid = waiting.connection.driver_connection.info.backend_pid
        first = lock(holder, holding, "turn")
        first.acquire(wait=False)
        assert lock(postgresql, waiting, "turn").acquire(wait=True)
    assert asked == ["idle"]
