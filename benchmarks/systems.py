"""The systems that are measured: which processes they are, and what they promise."""

import sys
from dataclasses import dataclass, field


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
    """

    name: str
    programs: tuple[Program, ...]
    environment: dict[str, str] = field(default_factory=dict)
    in_order: bool = True
    first_in_first_out: bool = False
    sqlite: bool = False


def _python(role: str, *arguments: str, ready: str = "ready") -> Program:
    return Program(role=role, arguments=(sys.executable, "-m", *arguments), ready=ready)


_consume = _python("consumer", "worker", "consume", ready='"consuming"')
_relay = _python("relay", "worker", "relay", ready='"relaying"')
_ceiling_consume = _python("consumer", "benchmarks.baselines.ceiling_consumer")
_ceiling_relay = _python("relay", "benchmarks.baselines.ceiling_relay")
_plain = _python("consumer", "benchmarks.baselines.plain_pika")
_plain_sqlite = _python("consumer", "benchmarks.baselines.plain_pika_sqlite")

SYSTEMS = {
    system.name: system
    for system in (
        System(name="ours-1", programs=(_relay, _consume), first_in_first_out=True),
        System(name="ours-2", programs=(_relay, _consume, _consume)),
        System(name="plain pika", programs=(_plain,), first_in_first_out=True),
        System(
            name="ceiling-1", programs=(_ceiling_relay, _ceiling_consume), first_in_first_out=True
        ),
        System(name="ceiling-2", programs=(_ceiling_relay, _ceiling_consume, _ceiling_consume)),
        System(
            name="ours on SQLite",
            programs=(_relay, _consume),
            first_in_first_out=True,
            sqlite=True,
        ),
        System(
            name="plain on SQLite",
            programs=(_plain_sqlite,),
            first_in_first_out=True,
            sqlite=True,
        ),
    )
}

DEFAULT = ("ours-1", "ours-2", "ceiling-1", "ceiling-2", "plain pika")
ON_SQLITE = ("ours on SQLite", "plain on SQLite")
