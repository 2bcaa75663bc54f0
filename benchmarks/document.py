"""`docs/benchmarks.md`: the table, and what it was measured on."""

import platform
from importlib.metadata import version
from os import cpu_count
from pathlib import Path

from benchmarks.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_LIBRARIES = ("pika", "psycopg", "sqlalchemy", "marshmallow")

_TEXT = """\
# Benchmarks

{commands:,} updates over {entities:,} entities wait in a quorum queue; measured from the start
signal (every consumer holds its first delivery) until all events are confirmed in a subscriber's
quorum queue. PostgreSQL with fsync, RabbitMQ and all processes on one machine. {rounds} rounds, the
systems in turn within each; the median, the range, and CPU seconds per 10,000 commands. After every
run the database and the events are verified: every effect once, every event once, versions without
gaps.

{table}

Machine: {cpus} CPUs, {machine}, Python {python}; {libraries}.

Absolute numbers are this machine's; only the ratios mean something elsewhere.

## Repeat it

    make bench                 # ROUNDS=3 COMMANDS=10000 ENTITIES=1000
    SQLITE=1 make bench        # and SQLite
    SYSTEMS="ours-1" make bench
    WRITE=1 make bench         # writes this page
"""


def write(lines: list[list[str]], settings: Settings) -> None:
    rule = ["---"] + ["---:"] * (len(lines[0]) - 1)
    marked = [lines[0], rule, *lines[1:]]
    text = _TEXT.format(
        commands=settings.commands,
        entities=settings.entities,
        rounds=settings.rounds,
        table="\n".join(f"| {' | '.join(line)} |" for line in marked),
        cpus=cpu_count(),
        machine=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        libraries=", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
    )
    PAGE.write_text(text)
