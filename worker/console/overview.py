"""The first page, which tells whether the work flows."""

from dataclasses import asdict

from starlette.responses import Response

from worker.console.plots import Values, plot, top
from worker.console.samples import HOUR, Sample
from worker.console.visit import Visit

ENDINGS = "applied", "rejected", "failed", "retrying"


def overview(visit: Visit) -> Response:
    samples = visit.desk.samples
    spans = {"hour": list(samples.hour), "day": list(samples.day)}
    name = visit.get("span") if visit.get("span") in spans else "hour"
    chosen = spans[name or "hour"]
    plots = [] if visit.as_json else _plots(chosen, name or "hour")
    now = samples.last and asdict(samples.last)
    return visit.answer("overview.html", now=now, plots=plots, span=name, endings=ENDINGS)


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
