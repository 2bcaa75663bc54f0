"""`docs/benchmarks.md` and its chart: the tables, and what they were measured on."""

import platform
from importlib.metadata import version
from os import cpu_count
from pathlib import Path

from benchmarks.chart import chart
from benchmarks.peers.environment import PACKAGES
from benchmarks.report import sheets
from benchmarks.results import Results
from benchmarks.settings import Settings
from benchmarks.systems import CEILINGS, ON_SQLITE

_DOCS = Path(__file__).parents[1] / "docs"
_LIBRARIES = ("pika", "psycopg", "sqlalchemy", "marshmallow")


def write(results: Results, settings: Settings) -> None:
    """Write the page, with the parts that this run has measured, and the chart."""
    (_DOCS / "benchmarks.md").write_text(page(results, settings))
    rates = {
        name: rate
        for name in results.throughput
        if name not in (*ON_SQLITE, *CEILINGS) and (rate := results.rate(name))
    }
    if rates:
        title = "Commands a second, one transaction's guarantees each"
        (_DOCS / "benchmarks.svg").write_text(chart(title, rates))


def page(results: Results, settings: Settings) -> str:
    template = (Path(__file__).parent / "page.md").read_text()
    versions = (f"{peer} {packages[0].split('==')[1]}" for peer, packages in PACKAGES.items())
    return template.format(
        commands=settings.commands,
        entities=settings.entities,
        rounds=settings.rounds,
        seconds=settings.seconds,
        inbox_rows=settings.inbox_rows,
        outbox_rows=settings.outbox_rows,
        tables="\n\n".join(sheet.for_page for sheet in sheets(results)),
        cpus=cpu_count(),
        machine=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        libraries=", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        peers=", ".join(versions),
    )
