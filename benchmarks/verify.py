"""Whether a run did what it was measured for. Speed without this is nothing."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from benchmarks.broker import Delivered
from benchmarks.databases import RunDatabase
from benchmarks.systems import System
from benchmarks.workload import Update, Workload


class NotDone(Exception):
    """A system lost, doubled or mixed up something."""


def verify(
    system: System, workload: Workload, database: RunDatabase, events: Sequence[Delivered]
) -> None:
    """Raise `NotDone` unless every command had its effect, its event and its inbox row once."""
    verify_effects(system, workload, database)
    _verify_events(system, workload, events)
    _expect(database.rows("SELECT count(*) FROM outbox") == [(0,)], "the outbox is not empty")


def verify_effects(system: System, workload: Workload, database: RunDatabase) -> None:
    """Look at the database alone."""
    _verify_inbox(workload, database)
    _verify_entities(system, workload, database)


def _verify_inbox(workload: Workload, database: RunDatabase) -> None:
    # Rows of an earlier time, put in to make the table large, are at their second attempt.
    rows = database.rows("SELECT command_id, status FROM inbox WHERE attempt = 1")
    expected = {UUID(update.command_id) for update in workload.updates}
    _expect(len(rows) == len(expected), f"the inbox has {len(rows)} rows")
    _expect({_uuid(row[0]) for row in rows} == expected, "the inbox has other commands")
    _expect({row[1] for row in rows} == {"applied"}, "a command was not applied")


def _verify_entities(system: System, workload: Workload, database: RunDatabase) -> None:
    rows = {
        str(_uuid(r[0])): r[1:] for r in database.rows("SELECT id, value, version FROM entities")
    }
    _expect(rows.keys() == workload.by_entity.keys(), "there are other entities")
    for entity, updates in workload.by_entity.items():
        value, version = rows[entity]
        _expect(version == 1 + len(updates), f"{entity} is at version {version}")
        _expect(value in _possible(system, updates), f"{entity} has the value {value!r}")


def _possible(system: System, updates: list[Update]) -> Iterable[str | None]:
    if not updates:
        return [None]
    return [updates[-1].value] if system.first_in_first_out else {u.value for u in updates}


def _verify_events(system: System, workload: Workload, events: Sequence[Delivered]) -> None:
    values = {update.command_id: update.value for update in workload.updates}
    versions: dict[str, list[int]] = defaultdict(list)
    seen: set[str] = set()
    for properties, raw in events:
        body, headers = json.loads(raw), properties.headers or {}
        command = body["command_id"]
        _expect(properties.type == "entity.Updated", f"there is an event {properties.type}")
        _expect(properties.delivery_mode == 2, "an event is not persistent")
        _expect(body["value"] == values[command], f"the event of {command} has another value")
        versions[str(headers["aggregate-id"])].append(headers["aggregate-version"])
        seen.add(command)
    _expect(len(events) == len(values), f"there are {len(events)} events")
    _expect(seen == values.keys(), "a command has no event")
    for entity, updates in workload.by_entity.items():
        came = versions[entity] if system.in_order else sorted(versions[entity])
        _expect(came == [*range(2, len(updates) + 2)], f"events of {entity} came as {came}")


def _uuid(value: object) -> UUID:
    return UUID(str(value))


def _expect(condition: object, otherwise: str) -> None:
    if not condition:
        raise NotDone(otherwise)
