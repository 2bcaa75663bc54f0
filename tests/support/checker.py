"""Did the component keep its promises? Asked of the wire and the tables, not of its code."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tests.support.foreign import Heard, Sent
from tests.support.system import System


@dataclass
class Report:
    """What went wrong, one line each; nothing if every promise was kept."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    wrongly_dead: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.out_of_order, *self.wrongly_dead]


def check(
    system: System,
    sent: Sequence[Sent],
    heard: Sequence[Heard],
    *,
    repeats: bool = True,
    table: str = "sample_things",
) -> Report:
    """Compare what was sent (good commands only) with the tables and with what was heard.

    Call it when the queue and the outbox are empty. `repeats`: whether there was a failure after
    which an event may be published again. `table`: of the aggregates that the commands are for.
    """
    report = Report()
    commands = {command.command_id: command for command in sent}
    inbox = {
        str(UUID(str(row[0]))): row[1]
        for row in system.query("SELECT command_id, status FROM inbox")
    }
    _check_inbox(report, commands, inbox)
    _check_events(report, commands, heard)
    _check_order(report, heard)
    if not repeats:
        times = Counter(event.properties.message_id for event in heard)
        report.doubled += [f"event {one} was heard {n} times" for one, n in times.items() if n > 1]
    _check_table(report, system, table, heard)
    for kind, command_id in system.query("SELECT kind, command_id FROM dead_letters"):
        if command_id is None or str(UUID(str(command_id))) in commands:
            report.wrongly_dead.append(f"dead letter {kind} for {command_id}")
    return report


def _check_inbox(report: Report, commands: dict[str, Sent], inbox: dict[str, object]) -> None:
    for command_id in commands.keys() - inbox.keys():
        report.lost.append(f"command {command_id} is not in the inbox")
    for command_id, status in inbox.items():
        if status not in ("applied", "rejected"):
            report.wrongly_dead.append(f"command {command_id} is {status}")


def _check_events(report: Report, commands: dict[str, Sent], heard: Iterable[Heard]) -> None:
    events: dict[str, set[str]] = defaultdict(set)
    for event in heard:
        events[event.body["command_id"]].add(event.body["event_id"])
        if event.properties.message_id != event.body["event_id"]:
            report.doubled.append(f"message_id {event.properties.message_id} is not the event's")
    for command_id in commands:
        if not events[command_id]:
            report.lost.append(f"command {command_id} has no event")
        if len(events[command_id]) > 1:
            report.doubled.append(f"command {command_id} has {len(events[command_id])} events")
    for command_id in events.keys() - commands.keys():
        report.doubled.append(f"an event names command {command_id}, which nobody sent")


def _check_order(report: Report, heard: Iterable[Heard]) -> None:
    """A subscriber that takes only version last + 1 must end with every version."""
    last: Counter[str] = Counter()
    highest: Counter[str] = Counter()
    for event in heard:
        if "aggregate-id" not in event.headers:
            continue
        aggregate, version = event.headers["aggregate-id"], event.headers["aggregate-version"]
        highest[aggregate] = max(highest[aggregate], version)
        if version == last[aggregate] + 1:
            last[aggregate] = version
    for aggregate, version in highest.items():
        if last[aggregate] != version:
            report.out_of_order.append(
                f"aggregate {aggregate}: in order only up to {last[aggregate]} of {version}"
            )


def _check_table(report: Report, system: System, table: str, heard: Iterable[Heard]) -> None:
    """The table must hold what the last version's event says, and as many versions as events."""
    latest: dict[str, Heard] = {}
    for event in heard:
        if "aggregate-id" in event.headers:
            known = latest.get(event.headers["aggregate-id"])
            version = event.headers["aggregate-version"]
            if known is None or version > known.headers["aggregate-version"]:
                latest[event.headers["aggregate-id"]] = event
    rows = system.query(f"SELECT id, value, version FROM {table}")
    for row_id, value, version in rows:
        event = latest.get(str(UUID(str(row_id))))
        if event is None or event.headers["aggregate-version"] != version:
            report.lost.append(f"{table} {row_id}: the events do not reach version {version}")
        elif event.body.get("value") != value:
            report.doubled.append(f"{table} {row_id}: {value!r} is not what the last event says")
    if len(rows) != len(latest):
        report.lost.append(f"{len(latest)} aggregates have events, {len(rows)} are in {table}")
