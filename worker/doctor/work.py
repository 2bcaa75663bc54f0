"""The work: whether it flows, what waits, and what was given up."""

from collections.abc import Iterator
from textwrap import shorten

from persistence.dead_letters.groups import Group
from persistence.health.work import Work
from worker.amqp.declarations import backstop_queue
from worker.amqp.trials import Seen
from worker.doctor.durations import length
from worker.doctor.finding import Finding, ok, warning, wrong
from worker.settings import Settings

SUBJECT = "work"
LATE = 60.0  # seconds that an event may wait, and a retry be overdue
DAY = 86400.0
LONGEST = 120  # characters of a reason
BY_THEIR_BODIES = ("invalid", "malformed")  # dead, and would be again as they are


def queues(seen: Seen, settings: Settings) -> Iterator[Finding]:
    if not seen.exists:
        return  # told already, or not to be seen
    name, waiting = seen.declaration.name, f"{seen.messages:,}"
    if name == backstop_queue(settings) and seen.messages:
        yield warning(
            SUBJECT,
            f"Commands that killed their consumers, in {name!r}: {waiting}.",
            "A consumer makes dead letters of them: see that one works.",
        )
    elif name != backstop_queue(settings) and seen.declaration.kind == "queue":
        yield ok(SUBJECT, f"Commands that wait in {name!r}: {waiting}.")


def examine(work: Work, settings: Settings) -> Iterator[Finding]:
    yield from _outbox(work)
    yield from _retries(work)
    yield from _dead_letters(work)
    yield from _inbox(work, settings)


def _outbox(work: Work) -> Iterator[Finding]:
    waiting = f"Messages that wait in the outbox: {work.outbox:,}"
    if (work.oldest_event or 0) > LATE:
        sentence = f"{waiting}; the oldest event for {length(work.oldest_event or 0)}."
        yield wrong(SUBJECT, sentence, "See that a relay works; its log says what it waits for.")
    else:
        yield ok(SUBJECT, f"{waiting}.")


def _retries(work: Work) -> Iterator[Finding]:
    waiting = f"Commands that wait for another attempt: {work.retries:,}"
    if (work.overdue or 0) > LATE:
        sentence = f"{waiting}; the first is overdue by {length(work.overdue or 0)}."
        yield wrong(SUBJECT, sentence, "See that a relay works; its log says what it waits for.")
    else:
        yield ok(SUBJECT, f"{waiting}.")


def _dead_letters(work: Work) -> Iterator[Finding]:
    if not work.dead_letters:
        yield ok(SUBJECT, "There are no dead letters.")
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in work.dead_letters.items())
    sentence = f"Dead letters: {kinds}; the newest died {length(work.newest_dead_letter or 0)} ago."
    if not work.alerting:
        yield ok(SUBJECT, f"{sentence} All are on hold.")
        return
    way_out = "See `python -m worker dead groups`; mend the causes, then replay or purge them."
    yield warning(SUBJECT, sentence, way_out)
    for group in work.causes:
        yield warning(
            SUBJECT,
            f"Dead letters of one cause: {group.count:,} {group.kind}"
            f" {group.type or 'without a type'}: {shorten(group.reason, LONGEST)}",
            f"{_mending(group)}; to silence it, `python -m worker dead group {group.id} --hold`.",
        )


def _mending(group: Group) -> str:
    if group.kind in BY_THEIR_BODIES:
        return f"Correct them: `python -m worker dead replay {group.samples[0]} --edit`"
    return f"`python -m worker dead replay --group {group.id}` once it is mended"


def _inbox(work: Work, settings: Settings) -> Iterator[Finding]:
    days = settings.inbox_retention_days
    if (work.remembered or 0) > (days + 1) * DAY:
        yield warning(
            SUBJECT,
            f"The inbox still knows commands of {length(work.remembered or 0)} ago, although it"
            f" shall forget them after {days:g}.",
            "See that a relay works; its log says why it does not forget.",
        )
    else:
        yield ok(SUBJECT, f"The inbox forgets commands after {days:g} days.")
