"""Who may do what: tokens, each with a name and roles, perhaps until a time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hmac import compare_digest

READ, BODIES, REPLAY, PURGE, SEND = "read", "bodies", "replay", "purge", "send"
ALL = frozenset({READ, BODIES, REPLAY, PURGE, SEND})
LEAST = 16  # characters of a token: nobody guesses so many


@dataclass(frozen=True)
class Token:
    name: str
    roles: frozenset[str]
    secret: str = field(repr=False)
    until: datetime | None = None


@dataclass(frozen=True)
class Visitor:
    """Who asks; without a name, whoever has started the console."""

    name: str | None
    roles: frozenset[str]


def read_tokens(text: str) -> tuple[Token, ...]:
    """Return the tokens of a file's lines: name, roles with commas, token, perhaps a last time.

    Raises `ValueError`, which names the line and no secret.
    """
    tokens = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            try:
                tokens.append(_token(line.split()))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
    return tuple(tokens)


def _token(words: list[str]) -> Token:
    if not 3 <= len(words) <= 4:
        raise ValueError("must be NAME ROLE,ROLE TOKEN, and perhaps a last time")
    name, roles, secret, *until = words
    if unknown := set(roles.split(",")) - ALL:
        raise ValueError(f"there is no role {min(unknown)}, but {', '.join(sorted(ALL))}")
    if len(secret) < LEAST:
        raise ValueError(f"a token has at least {LEAST} characters")
    return Token(name, frozenset(roles.split(",")), secret, _time(until[0]) if until else None)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("the last time is not as ISO 8601 writes it") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def visitor(tokens: Iterable[Token], secret: str) -> Visitor | None:
    """Return whose token it is; None if nobody's (any more)."""
    now, found = datetime.now(UTC), None
    for token in tokens:  # all of them: the time tells nothing
        same = compare_digest(token.secret.encode(), secret.encode(errors="surrogateescape"))
        if same and (token.until is None or now < token.until):
            found = Visitor(token.name, token.roles)
    return found
