import os
from dataclasses import dataclass

PARTS = ("throughput", "sqlite", "latency", "growth", "startup")
DEFAULT_PARTS = PARTS[:2]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run of the benchmark does; every field is an environment variable of its name.

    `full`: all parts, and all peers. `seconds`: how long a latency is measured. `inbox_rows`,
    `outbox_rows`: what growth is measured with.
    """

    rounds: int
    commands: int
    entities: int
    seconds: float
    inbox_rows: int
    outbox_rows: int
    systems: tuple[str, ...]
    parts: tuple[str, ...]
    full: bool
    write: bool


def read_settings() -> Settings:
    full = _flag("FULL")
    parts = _names("PARTS") or (PARTS if full else DEFAULT_PARTS)
    if unknown := set(parts) - set(PARTS):
        raise SystemExit(f"PARTS: {', '.join(unknown)}? There are {', '.join(PARTS)}.")
    return Settings(
        rounds=_number("ROUNDS", 3),
        commands=_number("COMMANDS", 10_000),
        entities=_number("ENTITIES", 1_000),
        seconds=_number("SECONDS", 10),
        inbox_rows=_number("INBOX_ROWS", 10_000_000),
        outbox_rows=_number("OUTBOX_ROWS", 1_000_000),
        systems=_names("SYSTEMS"),
        parts=parts,
        full=full,
        write=_flag("WRITE"),
    )


def _number(variable: str, default: int) -> int:
    return int(os.environ.get(variable, default))


def _names(variable: str) -> tuple[str, ...]:
    """Names may hold spaces, so commas part them."""
    names = os.environ.get(variable, "").split(",")
    return tuple(name.strip() for name in names if name.strip())


def _flag(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0")
