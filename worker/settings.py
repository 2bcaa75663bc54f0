"""Everything that can be set from the environment."""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from environs import Env, EnvError, ValidationError, validate

from persistence.database import check_url
from worker.amqp.correlation import header_names
from worker.amqp.nodes import check_nodes, nodes
from worker.exceptions import SettingsError
from worker.senders import Senders, allowed_senders
from worker.team import TeamSettings, read_team_settings

DEFAULT_HEARTBEAT = 30  # seconds, unless AMQP_URL says ?heartbeat=

_NAME = validate.Regexp(
    r"(?!amq(\.|\Z))[A-Za-z0-9][A-Za-z0-9._-]{0,47}\Z",
    error="Must be 1 to 48 letters, digits, dots, dashes or underscores, and not begin with amq.",
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one process. URLs may hold secrets and stay out of the representation."""

    database_url: str = field(repr=False)
    read_database_url: str = field(repr=False)
    amqp_url: str = field(repr=False)
    component_name: str
    command_queue: str
    event_exchange: str
    declare: bool = True
    management_url: str | None = field(default=None, repr=False)
    single_active_consumer: bool
    prefetch_count: int
    batch_size: int
    max_attempts: int
    retry_delays: tuple[float, ...]
    max_message_bytes: int
    inbox_retention_days: float
    drain_timeout: float
    http_host: str
    http_port: int | None
    log_level: str
    log_format: str
    correlation_headers: tuple[str, ...] = ("user-id", "session-id")
    allowed_senders: Senders = field(default_factory=dict)
    team: TeamSettings = field(default_factory=TeamSettings)

    @property
    def heartbeat(self) -> int:
        """Seconds after which a silent broker counts as lost; of several nodes, the first one's."""
        query = parse_qs(urlsplit(nodes(self.amqp_url)[0]).query)
        return int(query.get("heartbeat", [str(DEFAULT_HEARTBEAT)])[0])

    @property
    def database_deadline(self) -> float:
        """Seconds a database call may take: half the heartbeat, so that the broker keeps us."""
        return self.heartbeat / 2

    @property
    def batch_seconds(self) -> float:
        """Seconds a batch should take: less than a wait for any lock, far from any deadline."""
        return self.database_deadline / 8


def read_settings() -> Settings:
    """Return the settings, or raise `SettingsError` with one line that names the variable."""
    try:
        return _read(Env())
    except EnvError as error:
        raise SettingsError(_sentence(str(error))) from error


def _sentence(text: str) -> str:
    """Return environs' words without the list brackets around its reasons."""
    return re.sub(r"\[[\"'](.*)[\"']\]$", r"\1", text)


def _read(env: Env) -> Settings:
    name = env.str("COMPONENT_NAME", "component", validate=_NAME)
    database_url = _url(env, "DATABASE_URL", "sqlite:///component.db", _database_url)
    return Settings(
        database_url=database_url,
        read_database_url=_url(env, "READ_DATABASE_URL", database_url, _database_url),
        amqp_url=_url(env, "AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2F", _amqp_url),
        component_name=name,
        command_queue=env.str("COMMAND_QUEUE", f"{name}.commands", validate=_amqp_name),
        event_exchange=env.str("EVENT_EXCHANGE", f"{name}.events", validate=_amqp_name),
        declare=env.bool("DECLARE", True),
        management_url=env.str("MANAGEMENT_URL", None, validate=_management_url),
        single_active_consumer=env.bool("SINGLE_ACTIVE_CONSUMER", False),
        prefetch_count=env.int("PREFETCH_COUNT", 2000, validate=validate.Range(1, 65535)),
        batch_size=env.int("BATCH_SIZE", 1000, validate=validate.Range(1, 10_000)),
        max_attempts=env.int("MAX_ATTEMPTS", 5, validate=validate.Range(1, 1000)),
        retry_delays=_delays(env.str("RETRY_DELAYS", "1,5,30,120", validate=_delays)),
        max_message_bytes=env.int("MAX_MESSAGE_BYTES", 2**20, validate=validate.Range(1)),
        inbox_retention_days=env.float(
            "INBOX_RETENTION_DAYS", 30, validate=validate.Range(0, 36_500)
        ),
        drain_timeout=env.float("DRAIN_TIMEOUT", 20, validate=validate.Range(0)),
        http_host=env.str("HTTP_HOST", "127.0.0.1", validate=validate.Length(min=1)),
        http_port=env.int("HTTP_PORT", None, validate=validate.Range(1, 65535)),
        log_level=env.str(
            "LOG_LEVEL", "info", validate=validate.OneOf(["debug", "info", "warning", "error"])
        ),
        log_format=env.str(
            "LOG_FORMAT",
            "console" if sys.stderr.isatty() else "json",
            validate=validate.OneOf(["console", "json"]),
        ),
        correlation_headers=header_names(
            env.str("CORRELATION_HEADERS", "user-id,session-id", validate=_by(header_names))
        ),
        allowed_senders=_senders(env),
        team=read_team_settings(env),
    )


def _url(env: Env, name: str, default: str, check: Callable[[str], None]) -> str:
    """Return the variable's value, or what is in the file that `<name>_FILE` names: a secret."""
    path = env.str(f"{name}_FILE", None)
    if path is None:
        return env.str(name, default, validate=check)
    if name in os.environ:
        raise EnvError(f'Environment variables "{name}" and "{name}_FILE" are both set.')
    try:
        url = Path(path).read_text(encoding="utf-8").strip()
        check(url)
    except (OSError, UnicodeError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        why = "It holds no text." if isinstance(error, UnicodeError) else why
        raise EnvError(f'Environment variable "{name}_FILE" invalid: {path}: {why}') from error
    return url


def _by(read: Callable[[str], object]) -> Callable[[str], None]:
    """Return a check of environs', which refuses what cannot be read so."""

    def check(text: str) -> None:
        try:
            read(text)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    return check


def _senders(env: Env) -> Senders:
    rules = env.str("ALLOWED_SENDERS", None, validate=_by(allowed_senders))
    return {} if rules is None else allowed_senders(rules)


def _require_one_at(url: str) -> None:
    """Refuse a password's `@` as it is: what follows it would be the host's name, and be shown."""
    place, _, query = url.partition("://")[2].partition("@")[2].partition("?")
    if "@" in place + query.partition("=")[0]:  # a parameter's value may have it
        raise ValidationError("Must have one @, before the host: write any other as %40.")


def _database_url(url: str) -> None:
    if not url.startswith("sqlite"):
        _require_one_at(url)
    _by(check_url)(url)


def _amqp_url(urls: str) -> None:
    for url in nodes(urls):
        _require_one_at(url)
    _by(check_nodes)(urls)


def _management_url(url: str) -> None:
    _require_one_at(url)
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # of a port; its words may hold the password
        valid = False
    if not valid:
        raise ValidationError("Must be http://host:port or https://host:port.")


def _amqp_name(name: str) -> None:
    if not 1 <= len(name.encode(errors="surrogateescape")) <= 250 or not name.isprintable():
        raise ValidationError("Must be 1 to 250 bytes of printable text.")
    if name.startswith("amq."):
        raise ValidationError("Must not begin with amq.: such names are the broker's own.")


def _delays(text: str) -> tuple[float, ...]:
    try:
        delays = tuple(float(delay) for delay in text.split(","))
    except ValueError:
        delays = ()
    if not delays or not all(0 <= delay < 1e6 for delay in delays):
        raise ValidationError("Must be seconds, separated by commas, such as 1,5,30,120.")
    return delays
