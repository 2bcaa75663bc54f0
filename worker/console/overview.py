"""The first page, which tells whether the work flows."""

from dataclasses import asdict

from starlette.responses import Response

from worker.console.plots import Values, plot, top
from worker.console.refusals import Refusal
from worker.console.samples import HOUR, Sample
from worker.console.visit import Visit

ENDINGS = "applied", "rejected", "failed", "retrying"


def overview(visit: Visit) -> Response:
    samples = visit.desk.samples
    spans = {"hour": list(samples.hour), "day": list(samples.day)}
    name = visit.get("span") or "hour"
    if name not in spans:
        raise Refusal(422, "The span is hour or day.")
    chosen = spans[name]
    now = samples.last and asdict(samples.last)
    if visit.as_json:
        seen = chosen if visit.get("span") else None
        return visit.answer("overview.html", now=now, samples=seen)
    plots = _plots(chosen, name)
    return visit.answer("overview.html", now=now, plots=plots, span=name)


def _plots(samples: list[Sample], span: str) -> list[dict[str, object]]:
    rates: dict[str, Values] = {
        ending: [None if s.work is None else s.rates.get(ending, 0.0) for s in samples]
        for ending in ENDINGS
    }
    work: dict[str, Values] = {
        "queued": [s.queued for s in samples],
        "waiting": [s.work and s.work.retries for s in samples],
        "outbox": [s.work and s.work.outbox for s in samples],
    }
    dead: dict[str, Values] = {
        "dead": [s.work and sum(s.work.dead_letters.values()) for s in samples]
    }
    titles = {"Commands a second": rates, "Messages that wait": work, "Dead letters": dead}
    return [
        {
            "title": title,
            "svg": plot(f"{title}, the last {span}", lines, HOUR),
            "top": f"{top(lines):,.1f}".removesuffix(".0"),
            "kinds": list(lines),
        }
        for title, lines in titles.items()
    ]
