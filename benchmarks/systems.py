"""The systems that are measured: which processes they are, and what they promise."""

import sys
from dataclasses import dataclass, field

from benchmarks.peers.environment import programs


@dataclass(frozen=True, kw_only=True)
class Program:
    """One process of a system. `ready`: what it prints once it is at work."""

    role: str
    arguments: tuple[str, ...]
    ready: str


@dataclass(frozen=True, kw_only=True)
class System:
    """`in_order`: events of an aggregate arrive in the order of its versions.

    `first_in_first_out`: one consumer that applies commands in the order of the queue.
    `peer`: the environment that it needs. `loader`: what publishes commands in the peer's own form.
    """

    name: str
    programs: tuple[Program, ...]
    environment: dict[str, str] = field(default_factory=dict)
    in_order: bool = True
    first_in_first_out: bool = False
    sqlite: bool = False
    peer: str | None = None
    loader: tuple[str, ...] = ()


def _python(role: str, *arguments: str, ready: str = "ready") -> Program:
    return Program(role=role, arguments=(sys.executable, "-m", *arguments), ready=ready)


def _peer(
    name: str,
    *arguments: str,
    ready: str,
    processes: int = 1,
    own_messages: bool = False,
    environment: dict[str, str] | None = None,
) -> System:
    folder = programs(name)
    program = Program(role="consumer", arguments=(str(folder / name), *arguments), ready=ready)
    loader = (str(folder / "python"), "-m", f"benchmarks.peers.{name}_app")
    return System(
        name=name,
        programs=(program,) * processes,
        environment=environment or {},
        in_order=False,  # they publish after the commit, from several threads or processes
        peer=name,
        loader=loader if own_messages else (),
    )


_consume = _python("consumer", "worker", "consume", ready='"consuming"')
_relay = _python("relay", "worker", "relay", ready='"relaying"')
_ceiling_consume = _python("consumer", "benchmarks.baselines.ceiling_consumer")
_ceiling_relay = _python("relay", "benchmarks.baselines.ceiling_relay")
_plain = _python("consumer", "benchmarks.baselines.plain_pika")
_plain_sqlite = _python("consumer", "benchmarks.baselines.plain_pika_sqlite")

_ALL = (
    System(name="ours-1", programs=(_relay, _consume), first_in_first_out=True),
    System(name="ours-2", programs=(_relay, _consume, _consume)),
    System(name="ceiling-1", programs=(_ceiling_relay, _ceiling_consume), first_in_first_out=True),
    System(name="ceiling-2", programs=(_ceiling_relay, _ceiling_consume, _ceiling_consume)),
    System(name="plain pika", programs=(_plain,), first_in_first_out=True),
    # The peers in the best of the configurations that docs/benchmarks.md lists.
    System(name="plain pika x12", programs=(_plain,) * 12, in_order=False),
    _peer(
        "dramatiq",
        "benchmarks.peers.dramatiq_app",
        "--processes=2",
        "--threads=32",
        ready="Worker process is ready",
        own_messages=True,
    ),
    _peer(
        "celery",
        *("-A", "benchmarks.peers.celery_app", "worker", "--loglevel=info"),
        *("--concurrency=8", "--without-gossip", "--without-mingle"),
        ready=" ready.",
        own_messages=True,
    ),
    _peer("faststream", "run", "benchmarks.peers.faststream_app:app", "--workers=2", ready="ready"),
    _peer(
        "nameko",
        *("run", "--config=benchmarks/peers/nameko.yaml", "benchmarks.peers.nameko_app"),
        ready="Connected to",
        processes=2,
        # psycopg's own way to wait would stop all green threads, not one.
        environment={"PSYCOPG_WAIT_FUNC": "wait_select"},
    ),
    System(
        name="ours on SQLite", programs=(_relay, _consume), first_in_first_out=True, sqlite=True
    ),
    System(name="plain on SQLite", programs=(_plain_sqlite,), first_in_first_out=True, sqlite=True),
)
SYSTEMS = {system.name: system for system in _ALL}

OURS = ("ours-1", "ours-2")
CEILINGS = ("ceiling-1", "ceiling-2")
PLAIN = "plain pika"
FASTEST_PEERS = ("dramatiq", "plain pika x12")
"""By `FULL=1 make bench`, which runs them all."""
PEERS = (*FASTEST_PEERS, PLAIN, "celery", "faststream", "nameko")
ON_SQLITE = ("ours on SQLite", "plain on SQLite")
