"""What of the console can be set from the environment."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from environs import Env, EnvError, ValidationError, validate

from worker.console.tokens import ALL, LEAST, Token, read_tokens
from worker.exceptions import SettingsError


@dataclass(frozen=True, kw_only=True)
class ConsoleSettings:
    """`tokens`: who may come; with none, whoever is on this machine."""

    host: str = "127.0.0.1"
    port: int = 8088
    tokens: tuple[Token, ...] = field(default=(), repr=False)

    @property
    def address(self) -> str:
        """Where a browser on this machine finds it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{'localhost' if _is_everywhere(self.host) else host}:{self.port}"


def read_console_settings() -> ConsoleSettings:
    """Return the settings, or raise `SettingsError` with one line that names the variable."""
    env = Env()
    try:
        # Empty is as unset: so a Compose file hands on what nobody has set.
        host = env.str("CONSOLE_HOST", "") or "127.0.0.1"
        port = env.int("CONSOLE_PORT", 8088, validate=validate.Range(1, 65535))
        token = env.str("CONSOLE_TOKEN", "", validate=_none_or_long)
        path = env.str("CONSOLE_TOKENS_FILE", None)
    except EnvError as error:
        raise SettingsError(str(error)) from error
    tokens = (*([Token("console", ALL, token)] if token else []), *_of_file(path))
    if not tokens and not is_loopback(host):
        raise SettingsError(
            f"CONSOLE_HOST: {host} can be reached by others;"
            " set CONSOLE_TOKEN or CONSOLE_TOKENS_FILE."
        )
    return ConsoleSettings(host=host, port=port, tokens=tokens)


def _none_or_long(token: str) -> None:
    if token and len(token) < LEAST:
        raise ValidationError(f"a token has at least {LEAST} characters")


def _is_everywhere(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _of_file(path: str | None) -> tuple[Token, ...]:
    if path is None:
        return ()
    try:
        return read_tokens(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # its words hold no token
        why = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"CONSOLE_TOKENS_FILE: {path}: {why}.") from error
