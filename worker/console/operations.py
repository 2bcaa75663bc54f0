"""What was replayed, and what people have done."""

from dataclasses import replace

from starlette.responses import Response

from persistence.audit import AuditEntries
from persistence.operations import RUNNING, Operations
from persistence.settling import settle_all
from worker.console.refusals import Refusal
from worker.console.tokens import BODIES, REPLAY
from worker.console.visit import Visit

PAGE = 50


def operations(visit: Visit) -> Response:
    database, name = visit.desk.component.database, visit.desk.name
    settle_all(database, name)
    found = Operations(visit.desk.reader, name).latest(PAGE + 1, visit.number("before", least=1))
    shown = [replace(one, selection=_shown(visit, one.selection)) for one in found[:PAGE]]
    return visit.answer("operations.html", operations=shown, more=len(found) > PAGE)


def operation(visit: Visit) -> Response:
    database, name, number = visit.desk.component.database, visit.desk.name, visit.id()
    settle_all(database, name)
    found = Operations(visit.desk.reader, name).latest(1, number + 1)
    if not found or found[0].id != number:
        raise Refusal(404, f"There is no operation {number}.")
    one = replace(found[0], selection=_shown(visit, found[0].selection))
    may = {"replay": visit.may(REPLAY)}
    goes_on = one.state == RUNNING
    return visit.answer("operation.html", operation=one, goes_on=goes_on, may=may)


def stop(visit: Visit) -> Response:
    """Have an operation send no more; what was sent stays sent."""
    visit.record("dead replay stop", {"operation": visit.id()})
    if not visit.desk.replays.stop(visit.id()):
        raise Refusal(409, "It does not go on here; who has begun it elsewhere can stop it.")
    return visit.done(f"/operations/{visit.id()}", stopped=visit.id())


def audit(visit: Visit) -> Response:
    entries = AuditEntries(visit.desk.reader, visit.desk.name)
    found = entries.newest(PAGE + 1, visit.number("before", least=1))
    shown = [replace(one, parameters=_shown(visit, one.parameters)) for one in found[:PAGE]]
    return visit.answer("audit.html", entries=shown, more=len(found) > PAGE)


def _shown(visit: Visit, parameters: dict[str, object]) -> dict[str, object]:
    """Leave out the bodies before and after a correction, and texts of searches in bodies."""
    hidden = () if visit.may(BODIES) else ("old", "new", "text", "body")
    return {name: value for name, value in parameters.items() if name not in hidden}
