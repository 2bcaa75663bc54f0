import re

import pytest

from tests.support.component import settings
from tests.support.project import ROOT
from worker.exceptions import SettingsError
from worker.settings import Settings, read_settings

VARIABLES = (
    "DATABASE_URL",
    "READ_DATABASE_URL",
    "AMQP_URL",
    "COMPONENT_NAME",
    "COMMAND_QUEUE",
    "EVENT_EXCHANGE",
    "DECLARE",
    "MANAGEMENT_URL",
    "SINGLE_ACTIVE_CONSUMER",
    "PREFETCH_COUNT",
    "BATCH_SIZE",
    "MAX_ATTEMPTS",
    "RETRY_DELAYS",
    "MAX_MESSAGE_BYTES",
    "INBOX_RETENTION_DAYS",
    "DRAIN_TIMEOUT",
    "HTTP_HOST",
    "HTTP_PORT",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "CORRELATION_HEADERS",
    "ALLOWED_SENDERS",
)

OF_CONSOLE = "CONSOLE_HOST", "CONSOLE_PORT", "CONSOLE_TOKEN", "CONSOLE_TOKENS_FILE"

NAMED = "postgresql://h/d?application_name=a@b"
SECRETS = {
    "DATABASE_URL": "postgresql+psycopg://u:s3cret@h/d",
    "READ_DATABASE_URL": "postgresql+psycopg://u:s3cret@r/d",
    "AMQP_URL": "amqp://u:s3cret@h/%2F",
}


@pytest.fixture
def read(monkeypatch):
    """Read the settings from an environment that holds these variables and no others of ours."""

    def read(**variables: str) -> Settings:
        for name in (*VARIABLES, *(f"{name}_FILE" for name in SECRETS)):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return read_settings()

    return read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "sqlite:///component.db"),
        ("read_database_url", "sqlite:///component.db"),
        ("amqp_url", "amqp://guest:guest@127.0.0.1:5672/%2F"),
        ("component_name", "component"),
        ("command_queue", "component.commands"),
        ("event_exchange", "component.events"),
        ("declare", True),
        ("management_url", None),
        ("single_active_consumer", False),
        ("max_attempts", 5),
        ("retry_delays", (1, 5, 30, 120)),
        ("max_message_bytes", 1024 * 1024),
        ("inbox_retention_days", 30),
        ("drain_timeout", 20),
        ("http_host", "127.0.0.1"),
        ("http_port", None),
        ("log_level", "info"),
        ("correlation_headers", ("user-id", "session-id")),
        ("allowed_senders", {}),
    ],
)
def test_a_setting_has_its_documented_default(read, name, value):
    assert getattr(read(), name) == value


def test_a_batch_is_no_larger_than_what_may_be_held(read):
    assert read().batch_size <= read().prefetch_count


def test_each_node_of_a_cluster_must_be_a_url(read):
    two = "amqp://u:p@one/%2F?heartbeat=7,amqps://u:p@two/%2F"
    assert read(AMQP_URL=two).heartbeat == 7
    with pytest.raises(SettingsError, match="AMQP_URL"):
        read(AMQP_URL="amqp://one/%2F,amqp://two:0/%2F")


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("DATABASE_URL", "postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("DATABASE_URL", "postgresql://u:p@h/d", "postgresql://u:p@h/d"),
        ("DATABASE_URL", "sqlite:////var/lib/component.db", "sqlite:////var/lib/component.db"),
        ("READ_DATABASE_URL", "sqlite:///read.db", "sqlite:///read.db"),
        ("DATABASE_URL", "postgresql://u%40x:p%40@h/d%40", "postgresql://u%40x:p%40@h/d%40"),
        ("DATABASE_URL", NAMED, NAMED),
        ("DATABASE_URL", "sqlite:////a@b/c@d.db", "sqlite:////a@b/c@d.db"),
        ("AMQP_URL", "amqps://u:p@h/v", "amqps://u:p@h/v"),
        ("AMQP_URL", "amqp://u:p%40@h/v%40", "amqp://u:p%40@h/v%40"),
        ("COMPONENT_NAME", "billing-2.eu_west", "billing-2.eu_west"),
        ("COMMAND_QUEUE", "q", "q"),
        ("EVENT_EXCHANGE", "x", "x"),
        ("DECLARE", "false", False),
        ("MANAGEMENT_URL", "https://u:p@h:15671", "https://u:p@h:15671"),
        ("SINGLE_ACTIVE_CONSUMER", "true", True),
        ("SINGLE_ACTIVE_CONSUMER", "0", False),
        ("PREFETCH_COUNT", "7", 7),
        ("BATCH_SIZE", "7", 7),
        ("MAX_ATTEMPTS", "1", 1),
        ("RETRY_DELAYS", "0.5", (0.5,)),
        ("RETRY_DELAYS", "1, 2,3", (1, 2, 3)),
        ("MAX_MESSAGE_BYTES", "100", 100),
        ("INBOX_RETENTION_DAYS", "0.5", 0.5),
        ("DRAIN_TIMEOUT", "0", 0),
        ("HTTP_HOST", "0.0.0.0", "0.0.0.0"),
        ("HTTP_PORT", "8080", 8080),
        ("LOG_LEVEL", "debug", "debug"),
        ("LOG_FORMAT", "console", "console"),
        ("LOG_FORMAT", "json", "json"),
        ("CORRELATION_HEADERS", "tenant, user-id", ("tenant", "user-id")),
        ("CORRELATION_HEADERS", "", ()),
        ("ALLOWED_SENDERS", "a.B=shop; *=admin", {"a.B": {"shop"}, "*": {"admin"}}),
    ],
)
def test_a_variable_sets_its_setting(read, variable, text, value):
    assert getattr(read(**{variable: text}), variable.lower()) == value


def test_every_setting_has_its_variable():
    assert {name.lower() for name in VARIABLES} == set(Settings.__dataclass_fields__) - {"team"}


def test_the_readme_has_a_row_for_every_variable_and_for_no_other():
    text = (ROOT / "README.md").read_text()
    _, _, after = text.partition("| Setting (environment) | Default |")
    table, _, _ = after.partition("\n\n")
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = re.findall(r"`([A-Z_]+)`", " ".join(rows))
    files = (f"{name}_FILE" for name in SECRETS)
    assert sorted(told) == sorted([*VARIABLES, *files, *OF_CONSOLE])


def test_queue_and_exchange_are_named_after_the_component(read):
    given = read(COMPONENT_NAME="billing")
    assert (given.command_queue, given.event_exchange) == ("billing.commands", "billing.events")


def test_the_query_side_reads_the_same_database_unless_told_otherwise(read):
    assert read(DATABASE_URL="sqlite:///mine.db").read_database_url == "sqlite:///mine.db"


def test_a_heartbeat_in_the_url_is_taken(read):
    assert read(AMQP_URL="amqp://h/%2F?heartbeat=12").heartbeat == 12


def test_without_a_heartbeat_in_the_url_it_is_30_seconds(read):
    assert read(AMQP_URL="amqp://h/%2F").heartbeat == 30


def test_the_database_must_answer_within_half_a_heartbeat(read):
    assert read(AMQP_URL="amqp://h/%2F?heartbeat=12").database_deadline == 6


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "component.db"),
        ("DATABASE_URL", "mysql://u:p@h/d"),
        ("DATABASE_URL", "postgresql+asyncpg://u:p@h/d"),
        ("DATABASE_URL", "postgresql://u:p@h:port/d"),
        ("READ_DATABASE_URL", "nonsense"),
        ("AMQP_URL", ""),
        ("AMQP_URL", "127.0.0.1:5672"),
        ("AMQP_URL", "http://h/"),
        ("AMQP_URL", "amqp://"),
        ("AMQP_URL", "amqp://h:port/"),
        ("AMQP_URL", "amqp://h:99999/"),
        ("AMQP_URL", "amqp://[::1/"),
        ("AMQP_URL", "amqp://h/?heartbeat=often"),
        ("AMQP_URL", "amqp://h/?heartbeat=0"),
        ("AMQP_URL", "amqp://h/?heartbeat=601"),
        ("COMPONENT_NAME", ""),
        ("COMPONENT_NAME", "two words"),
        ("COMPONENT_NAME", 'quoted"'),
        ("COMPONENT_NAME", "line\n"),
        ("COMPONENT_NAME", "x" * 49),
        ("COMMAND_QUEUE", ""),
        ("COMMAND_QUEUE", "x" * 251),
        ("COMMAND_QUEUE", "ž" * 126),
        ("COMMAND_QUEUE", "amq.commands"),
        ("EVENT_EXCHANGE", "amq.fanout"),
        ("COMPONENT_NAME", "amq"),
        ("EVENT_EXCHANGE", "x" * 251),
        ("DECLARE", "perhaps"),
        ("MANAGEMENT_URL", "h:15672"),
        ("SINGLE_ACTIVE_CONSUMER", "perhaps"),
        ("PREFETCH_COUNT", "many"),
        ("PREFETCH_COUNT", "0"),
        ("PREFETCH_COUNT", "65536"),
        ("BATCH_SIZE", "0"),
        ("BATCH_SIZE", "1.5"),
        ("MAX_ATTEMPTS", "0"),
        ("RETRY_DELAYS", ""),
        ("RETRY_DELAYS", "1,soon"),
        ("RETRY_DELAYS", "-1"),
        ("RETRY_DELAYS", "nan"),
        ("RETRY_DELAYS", "1;2"),
        ("MAX_MESSAGE_BYTES", "0"),
        ("INBOX_RETENTION_DAYS", "-1"),
        ("INBOX_RETENTION_DAYS", "nan"),
        ("INBOX_RETENTION_DAYS", "inf"),
        ("DRAIN_TIMEOUT", "-1"),
        ("DRAIN_TIMEOUT", "nan"),
        ("HTTP_HOST", ""),
        ("HTTP_PORT", "0"),
        ("HTTP_PORT", "65536"),
        ("HTTP_PORT", "http"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("CORRELATION_HEADERS", "two words"),
        ("CORRELATION_HEADERS", "user-id,traceparent"),
        ("ALLOWED_SENDERS", ""),
        ("ALLOWED_SENDERS", "shop"),
        ("ALLOWED_SENDERS", "a.B=shop; a.B=office"),
        ("AMQP_URL", "amqps://h/?cacertfile=/no/such/file"),
        ("AMQP_URL", "amqps://h/?certfile=/etc/hostname"),
        ("AMQP_URL", "amqps://h/?cacertfile=/etc/hostname"),
        ("AMQP_URL", "amqp://h/?cacertfile=/etc/hostname"),
    ],
)
def test_a_wrong_value_is_told_in_one_line_that_names_the_variable(read, variable, text):
    with pytest.raises(SettingsError) as error:
        read(**{variable: text})
    sentence = str(error.value)
    assert f'"{variable}"' in sentence
    assert "\n" not in sentence


def test_a_parameter_that_the_broker_library_does_not_know_is_told_in_one_line(read):
    with pytest.raises(SettingsError, match="AMQP_URL"):
        read(AMQP_URL="amqp://h/%2F?no_such_parameter=1")


def test_a_retention_beyond_the_calendar_is_told_in_one_line(read):
    with pytest.raises(SettingsError, match="INBOX_RETENTION_DAYS"):
        read(INBOX_RETENTION_DAYS="1000000")


def test_a_database_in_memory_is_refused_as_processes_cannot_share_it(read):
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        read(DATABASE_URL="sqlite://")


@pytest.mark.parametrize(("variable", "url"), SECRETS.items())
def test_a_secret_may_be_in_a_file(read, tmp_path, variable, url):
    path = tmp_path / "secret"
    path.write_text(f" {url}\n")
    assert getattr(read(**{f"{variable}_FILE": str(path)}), variable.lower()) == url


def test_the_query_side_reads_what_the_file_says_unless_told_otherwise(read, tmp_path):
    path = tmp_path / "secret"
    path.write_text(SECRETS["DATABASE_URL"])
    assert read(DATABASE_URL_FILE=str(path)).read_database_url == SECRETS["DATABASE_URL"]


def wrong(read, **variables: str) -> str:
    with pytest.raises(SettingsError) as error:
        read(**variables)
    assert "\n" not in str(error.value)
    assert "s3cret" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("variable", "url"), SECRETS.items())
def test_a_secret_given_twice_is_an_error_that_names_both(read, tmp_path, variable, url):
    path = tmp_path / "secret"
    path.write_text(url)
    sentence = wrong(read, **{variable: url, f"{variable}_FILE": str(path)})
    assert f'"{variable}" and "{variable}_FILE"' in sentence


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "Must be"),
        (b"ftp://u:s3cret@h/d", "Must be"),
        (b"\xff\xfe", "no text"),
    ],
)
def test_a_file_without_a_secret_is_told_in_one_line(read, tmp_path, variable, content, reason):
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    sentence = wrong(read, **{f"{variable}_FILE": str(path)})
    assert f'"{variable}_FILE"' in sentence
    assert str(path) in sentence
    assert reason in sentence


def test_a_folder_is_no_file_with_a_secret(read, tmp_path):
    assert "Is a directory" in wrong(read, DATABASE_URL_FILE=str(tmp_path))


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize(
    "rest",
    [
        "p@s3cret@h/d",
        "@s3cret@h/d",
        "p/a@s3cret@h/d",
        "p?a@s3cret@h/d",
        "p@s3/cret@h/d",
        "p@s3?c@h/d",
    ],
)
def test_a_password_with_an_at_sign_as_it_is_is_refused_with_how_to_write_it(read, variable, rest):
    scheme = "amqp" if variable == "AMQP_URL" else "postgresql"
    with pytest.raises(SettingsError) as error:
        read(**{variable: f"{scheme}://u:{rest}"})
    assert str(error.value) == (
        f'Environment variable "{variable}" invalid: Must have one @, before the host: write any'
        " other as %40."
    )


def test_an_at_sign_behind_a_slash_in_the_password_of_the_broker_is_not_taken_for_the_host(read):
    assert "12" not in wrong(read, AMQP_URL="amqp://u:12/s3cret@h/v")


def test_no_secret_is_in_the_representation(read):
    given = read(
        DATABASE_URL="postgresql+psycopg://u:s3cret@h/d",
        READ_DATABASE_URL="postgresql+psycopg://u:s3cret@r/d",
        AMQP_URL="amqp://u:s3cret@h/%2F",
    )
    assert "s3cret" not in repr(given)


def test_the_representation_shows_the_other_settings():
    assert "component_name='tests'" in repr(settings())


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("DATABASE_URL", "mysql://u:s3cret@h/d"),
        ("DATABASE_URL", "postgresql://u:s3cret@h:port/d"),
        ("DATABASE_URL", "postgresql://h:s3cret/d"),
        ("DATABASE_URL", "s3cret"),
        ("READ_DATABASE_URL", "mysql://u:s3cret@h/d"),
        ("AMQP_URL", "http://u:s3cret@h/"),
        ("AMQP_URL", "amqp://u:s3cret@h:port/"),
        ("AMQP_URL", "amqp://h:s3cret/"),
        ("AMQP_URL", "amqp://u:s3cret@h/?heartbeat=0"),
    ],
)
def test_no_secret_is_in_the_error(read, variable, text):
    with pytest.raises(SettingsError) as error:
        read(**{variable: text})
    assert "s3cret" not in str(error.value)
