"""Sending dead letters again, correcting one, throwing them away."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from persistence.dead_letters import DeadLetterViews
from persistence.dead_letters import purge as purge_letters
from persistence.dead_letters.filling import fill_in
from schemas.codec import parse
from schemas.exceptions import Undecodable
from worker.console.filters import Filters, frozen
from worker.console.letters import find
from worker.console.refusals import Refusal
from worker.console.tokens import BODIES, PURGE, REPLAY, SEND
from worker.console.visit import Visit
from worker.dead.correcting import corrected
from worker.dead.letters import preview
from worker.dead.operation import replay_one

TYPED = 100  # letters above which the number is typed
READ = 2000  # letters that a preview reads at most


def chosen(visit: Visit) -> Response:
    """Show what a replay would send, and what it would leave; nothing is changed."""
    filters = Filters(visit)
    ids, up_to = frozen(visit, filters)
    views = DeadLetterViews(visit.desk.reader, visit.desk.name)
    everything = views.count(replace(filters.selection, up_to=up_to))
    seen = preview(visit.desk.component, views, ids[:READ])
    found: dict[str, Any] = {
        "count": len(ids),
        "everything": everything,
        "up_to": up_to,
        "read": min(len(ids), READ),
        "readable": seen.readable,
        "reasons": seen.reasons[:10],
    }
    if visit.as_json:
        return visit.answer("chosen.html", **found)
    may = {"replay": visit.may(REPLAY), "purge": visit.may(PURGE)}
    return visit.answer("chosen.html", **found, filters=filters, may=may, typed=TYPED)


def replay(visit: Visit) -> Response:
    """Replay what is chosen in batches; the page of the operation tells what comes of it."""
    filters, rate = Filters(visit), _rate(visit)
    fill_in(visit.desk.component.database, visit.desk.name)
    ids, up_to = frozen(visit, filters)
    _stand_by(visit, len(ids))
    ids = ids[: visit.number("first", least=1)]
    given = {"first": visit.number("first", least=1), "rate": rate, "up_to": up_to}
    described = {**filters.selection.described(), **{k: v for k, v in given.items() if v}}
    visit.record("dead replay", {**described, "letters": len(ids)})
    number = visit.desk.replays.start(ids, rate, visit.actor, described)
    place = "/operations" if number is None else f"/operations/{number}"
    return visit.done(place, operation=number, letters=len(ids))


def replay_letter(visit: Visit) -> Response:
    """Send one letter again, and wait for nothing."""
    letter_id = visit.id()
    visit.record("dead replay", {"ids": [letter_id]})
    replay_one(visit.desk.component, letter_id, visit.actor)
    return visit.done("/operations", letters=1)


def correct(visit: Visit) -> Response:
    """Check a corrected body against the schema, or send it as a command of its own."""
    for role in (BODIES, SEND):
        visit.require(role)
    body = dict(visit.fields).get("body", "").encode(errors="surrogatepass")
    letter = find(visit)
    corrected(visit.desk.component, letter, body)
    if visit.get("check"):
        return visit.done(f"/letters/{letter.id}", fits=True)
    change = {"old": parse_or_text(letter.body), "new": parse(body)}
    visit.record("dead replay", {"ids": [letter.id], "corrected": True, **change})
    command_id = replay_one(visit.desk.component, letter.id, visit.actor, body)
    return visit.done("/operations", command_id=str(command_id))


def purge(visit: Visit) -> Response:
    """Throw away what is chosen, those of groups on hold, too."""
    filters, up_to = Filters(visit), visit.number("up_to")
    if up_to is None:
        raise Refusal(422, "Say up_to, the last letter that counts: see /letters/chosen.")
    selection = replace(filters.selection, up_to=up_to)
    count = DeadLetterViews(visit.desk.reader, visit.desk.name).count(selection)
    _stand_by(visit, count)
    visit.record("dead purge", {**selection.described(), "letters": count})
    gone = purge_letters(visit.desk.component.database, visit.desk.name, selection)
    return visit.done("/groups", purged=gone)


def _stand_by(visit: Visit, count: int) -> None:
    """Refuse unless the visitor knows of how many letters it is about."""
    if visit.number("count") != count:
        raise Refusal(409, f"It is about {count} by now: look at them again.")
    if not count:
        raise Refusal(409, "There are none of them (any more).")
    if count > TYPED and visit.number("typed") != count:
        raise Refusal(409, f"Type the number {count} to do this.")


def _rate(visit: Visit) -> float | None:
    text = visit.get("rate")
    try:
        rate = float(text) if text else None
    except ValueError:
        rate = 0.0
    if rate is not None and not 0.1 <= rate <= 1e6:
        raise Refusal(422, "The rate is how many a second at most, from 0.1 on.")
    return rate


def parse_or_text(body: bytes) -> object:
    """Return what the audit keeps of a body that is replaced."""
    try:
        return parse(body)
    except Undecodable:
        return body.decode(errors="backslashreplace")
