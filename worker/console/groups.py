"""Dead letters by their causes, and what people say of a cause."""

from typing import Any

from starlette.responses import Response

from persistence.dead_letters.filling import fill_in
from persistence.dead_letters.groups import Groups
from worker.console.filters import Filters
from worker.console.plots import sparkline
from worker.console.refusals import Refusal
from worker.console.visit import Visit

MOST = 200  # groups on a page
_LONGEST = 2000  # characters of a note


def groups(visit: Visit) -> Response:
    filters = Filters(visit)
    fill_in(visit.desk.component.database, visit.desk.name)
    found = Groups(visit.desk.reader, visit.desk.name).largest(MOST, filters.selection)
    if visit.as_json:
        return visit.answer("groups.html", groups=found)
    return visit.answer(
        "groups.html", groups=found, filters=filters, sparkline=sparkline, most=MOST
    )


def say(visit: Visit) -> Response:
    """Keep a note, an owner, or that the group is on hold."""
    database, name = visit.desk.component.database, visit.desk.name
    group_id = visit.request.path_params["id"]
    if Groups(database, name).find(group_id) is None:
        raise Refusal(404, "There is no such group (any more).")
    said = _said(visit)
    visit.record("dead group", {"group": group_id, **said})
    Groups(database, name).say(group_id, **said)
    return visit.done(f"/letters?group={group_id}", group=group_id, **said)


def _said(visit: Visit) -> dict[str, Any]:
    given = dict(visit.fields)
    said: dict[str, Any] = {
        name: given[name].strip()[:_LONGEST] or None for name in ("note", "owner") if name in given
    }
    if "on_hold" in given:
        said["on_hold"] = given["on_hold"] == "true"
    if not said:
        raise Refusal(422, "Say a note, an owner, or on_hold.")
    return said
