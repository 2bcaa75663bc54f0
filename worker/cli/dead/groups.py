"""Dead letters by their causes, and what people say of a cause."""

from dataclasses import asdict
from typing import Any

import click

from persistence.audit import record
from persistence.dead_letters.groups import Group, Groups
from worker.cli import listing
from worker.cli.dead.choosing import choosing, chosen, writing
from worker.cli.listing import as_json, show_list
from worker.component import Component

COLUMNS = "id", "count", "last_at", "last_day", "cause", "remarks"
_BARS = "▁▂▃▄▅▆▇█"


@click.command("groups")
@choosing
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@as_json
def groups_command(limit: int, as_json: bool, **options: Any) -> None:
    """List the causes of dead letters, the most frequent first."""
    with writing() as component:
        found = _groups(component).largest(limit, chosen(component.database, **options))
    _show(found, as_json=as_json)


@click.command("group")
@click.argument("group_id", metavar="GROUP")
@click.option("--note", help="What is known of the cause; an empty text takes it away.")
@click.option("--owner", help="Who looks after it; an empty text takes it away.")
@click.option("--hold/--release", "on_hold", default=None, help="Hold: it does not alert.")
@as_json
def group_command(group_id: str, as_json: bool, **said: Any) -> None:
    """Say something of a group, and show it."""
    said = {name: value for name, value in said.items() if value is not None}
    with writing() as component:
        groups = _groups(component)
        found = groups.find(group_id)
        if found is None:
            raise click.ClickException(f"There is no group {group_id}; see `dead groups`.")
        if said:
            name, parameters = component.settings.component_name, {"group": group_id, **said}
            record(component.database, name, "dead group", parameters)
            groups.say(group_id, **{n: None if v == "" else v for n, v in said.items()})
            found = groups.find(group_id)
    _show([found] if found else [], as_json=as_json)


def _groups(component: Component) -> Groups:
    return Groups(component.database, component.settings.component_name)


def _show(groups: list[Group], *, as_json: bool) -> None:
    people = listing.console.is_terminal and not as_json
    items = [_for_people(group) if people else asdict(group) for group in groups]
    show_list(items, COLUMNS, "No dead letters.", as_json=as_json)


def _for_people(group: Group) -> dict[str, Any]:
    samples = f"letters {' '.join(map(str, group.samples))}"
    remarks = (samples, "on hold" if group.on_hold else None, group.owner, group.note)
    return {
        **asdict(group),
        "last_day": sparkline([sum(group.trend[n : n + 2]) for n in range(0, len(group.trend), 2)]),
        "cause": f"{group.kind} {group.type or '-'}: {group.reason}",
        "remarks": "; ".join(filter(None, remarks)),
    }


def sparkline(counts: list[int]) -> str:
    """Return a bar for each count; what is not 0 can be seen."""
    most = max(*counts, 1)
    return "".join(" " if not n else _BARS[(n * len(_BARS) - 1) // most] for n in counts)


COMMANDS = groups_command, group_command
