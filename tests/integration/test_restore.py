"""The database of a while ago comes back while the broker has gone on, as the docs describe it."""

import os
import re
import subprocess
from pathlib import Path
from uuid import uuid4

from tests.support.foreign import Sent, Subscriber, create, update
from tests.support.project import ROOT
from tests.support.system import System
from tests.support.waiting import wait_for

_DOCUMENTED = re.findall(r"^    (pg_\w+ .*)$", (ROOT / "docs/operations.md").read_text(), re.M)


class Story:
    """Commands before the backup, commands after it, and commands that nobody has taken yet."""

    def __init__(self, system: System) -> None:
        self.system, self.sender, self.journal = system, system.sender(), system.subscriber()
        self.thing, other = str(uuid4()), str(uuid4())
        self.sent = [create(self.thing), update(self.thing, "sent")]
        self.unsent = [update(self.thing, "in the outbox"), update(other, "not yet")]
        self.since = [update(self.thing, "since"), create(other)]
        self.queued = [update(self.thing, "queued")]

    def until_the_backup(self) -> None:
        """Leave an event in the outbox and a rejection, whose relay comes later."""
        self.start()
        self.sender.send(self.sent)
        wait_for(lambda: self.journal.distinct() == 2, "the first events")
        self.system.stop("relay")
        self.sender.send(self.unsent)
        wait_for(lambda: self.system.count("inbox") == 4, "what the backup knows")

    def after_the_backup(self) -> None:
        self.system.start("relay")
        self.sender.send(self.since)
        wait_for(lambda: self.journal.distinct() == 6, "the events since the backup")
        self.system.stop("consume")
        self.system.stop("relay")
        self.sender.send(self.queued)

    def start(self) -> None:
        self.system.start("consume")
        self.system.start("relay")

    def send_again(self) -> list[str]:
        """Send what the journal has heard of since the backup; return the types of the answers."""
        replies = self.system.replies()
        again = [Sent(s.type, s.body, {"reply_to": replies.queue}) for s in self.all()]
        self.sender.send(again)
        wait_for(lambda: len(replies.heard) == len(again), "an answer to each")
        return [answer.type for answer in replies.heard]

    def all(self) -> list[Sent]:
        return [*self.sent, *self.unsent, *self.since, *self.queued]

    def known(self) -> set[str]:
        rows = self.system.query("SELECT command_id FROM inbox")
        return {str(command_id) for (command_id,) in rows}


def test_a_restored_database_lacks_what_came_since_and_doubles_nothing(
    system: System, tmp_path: Path
) -> None:
    story = Story(system)
    story.until_the_backup()
    _run("pg_dump", system, tmp_path)
    story.after_the_backup()
    before = ids(story.journal)
    _run("pg_restore", system, tmp_path)
    system.call("migrate")
    story.start()
    wait_for(lambda: story.queued[0].command_id in story.known(), "what was in the queue")

    lost = {command.command_id for command in story.all()} - story.known()
    assert lost == {command.command_id for command in story.since}
    assert lost <= {event.headers["causation-id"] for event in story.journal.heard}
    wait_for(lambda: len(story.journal.heard) == 9, "repeats of the outbox, and one event")
    assert len(ids(story.journal) - before) == 1

    answers = story.send_again()
    assert answers.count("CommandRejected") == 1
    assert len(story.known()) == len(story.all()) == system.count("inbox")
    assert system.query("SELECT version FROM sample_things ORDER BY version") == [(1,), (5,)]
    assert system.count("dead_letters") == 0


def ids(journal: Subscriber) -> set[str]:
    return {str(event.properties.message_id) for event in journal.all()}


def _run(program: str, system: System, folder: Path) -> None:
    """Run the line of docs/operations.md that begins with this program."""
    (line,) = [line for line in _DOCUMENTED if line.startswith(program)]
    address = system.database_url.replace("+psycopg", "")
    subprocess.run(
        line, shell=True, cwd=folder, env={**os.environ, "DATABASE": address}, check=True
    )
