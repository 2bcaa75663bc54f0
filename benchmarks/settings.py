import os
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run of the benchmark does; every field is an environment variable of its name."""

    rounds: int
    commands: int
    entities: int
    systems: tuple[str, ...]
    peers: tuple[str, ...]
    full: bool
    sqlite: bool
    write: bool


def read_settings() -> Settings:
    return Settings(
        rounds=int(os.environ.get("ROUNDS", "3")),
        commands=int(os.environ.get("COMMANDS", "10000")),
        entities=int(os.environ.get("ENTITIES", "1000")),
        systems=_names("SYSTEMS"),
        peers=_names("PEERS"),
        full=_flag("FULL"),
        sqlite=_flag("SQLITE"),
        write=_flag("WRITE"),
    )


def _names(variable: str) -> tuple[str, ...]:
    """Names may hold spaces, so commas part them."""
    names = os.environ.get(variable, "").split(",")
    return tuple(name.strip() for name in names if name.strip())


def _flag(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0")
