"""What a hostile sender's text may not do to a terminal or to a log."""

import io
import json
import sys
import unicodedata
from uuid import UUID, uuid4

import pika
import pytest
import structlog
from click.testing import CliRunner
from rich.console import Console

from persistence.database import Database
from tests.support.component import component
from tests.support.messages import CREATE, UPDATE, create, message, read, update
from worker.amqp.wire import received
from worker.cli import cli, listing, showing, watching
from worker.consumer.processor import Processor
from worker.runtime.logs import configure_logs
from worker.runtime.showing import (
    harmless,
    harmless_lines,
    json_text,
    make_harmless,
    without_secrets,
)

HARMFUL = {
    "escape": "\x1b[2J",
    "csi of C1": "\x9b2J",
    "osc": "\x1b]0;title\x07",
    "carriage return": "good\rbad",
    "backspace": "\b\b",
    "delete": "\x7f",
    "next line": "\x85",
    "override": "\u202e",
    "isolate": "\u2066",
    "mark": "\u200f",
    "line separator": "\u2028",
    "zero width": "\u200b",
    "surrogate": "\udc80",
    "tag": "\U000e0041",
}


def is_plain(text: str) -> bool:
    """Tell whether nothing in the text steers what shows it."""
    return not {unicodedata.category(char) for char in text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL)
def test_what_steers_a_terminal_is_escaped(text):
    assert is_plain(harmless(f"a{text}b"))
    assert is_plain(json_text({f"a{text}b": [text]}))
    assert is_plain(harmless_lines(f"a{text}b"))


@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL)
def test_json_says_the_same_with_escapes(text):
    content = {f"a{text}b": [text], "plain": 'žluť 🐎 \\ " \n'}
    assert json.loads(json_text(content)) == content
    assert json.loads(json_text(content, indent=2)) == content


@pytest.mark.parametrize("text", ["", "žluť 🐎", "[bold]", "ไทย", "👩\u200d🚀", "عربي", "a\\x1b"])
def test_plain_text_is_shown_as_it_is(text):
    assert harmless(text) == harmless_lines(text) == text
    assert text.replace("\\", "\\\\") in json_text([text])


def test_line_breaks_are_layout_only_where_they_are_ours():
    assert (harmless("a\n\tb"), harmless_lines("a\n\tb")) == ("a\\x0a\\x09b", "a\n\tb")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:secret@h:5/db", "postgresql://u:***@h:5/db"),
        ("at amqps://u:se:cr/e?t@h/%2F: refused", "at amqps://u:***@h/%2F: refused"),
        ("amqp://u:p@ss@h", "amqp://u:***@h"),
        ("redis://:secret@h", "redis://:***@h"),
        ("host=h password='my secret' user=u", "host=h password=*** user=u"),
        ("postgresql:///db?user=u&password=secret&x=1", "postgresql:///db?user=u&password=***&x=1"),
        ("http://h:80/path", "http://h:80/path"),
    ],
)
def test_passwords_in_urls_are_masked(text, shown):
    assert without_secrets(text) == shown


def test_a_line_of_the_log_tells_no_secrets_and_forges_no_other():
    line = make_harmless(
        None,
        "info",
        {
            "event": "x\n2026 [info] forged",
            "error": ValueError("amqp://u:secret@h\x1b[2J"),
            "types": ["a\x9bb"],
            "seconds": 0.1,
            "exception": "Traceback\n  line\x1b",
        },
    )
    assert line == {
        "event": "x\\x0a2026 [info] forged",
        "error": "amqp://u:***@h\\x1b[2J",
        "types": ["a\\x9bb"],
        "seconds": 0.1,
        "exception": "Traceback\n  line\\x1b",
    }


@pytest.mark.parametrize("format", ["console", "json"])
def test_the_log_is_written_so(format, monkeypatch):
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    before = structlog.get_config()
    configure_logs("info", format)
    try:
        structlog.get_logger().warning("said", error="amqp://u:secret@h \x1b[2J \x9b")
    finally:
        structlog.configure(**before)
    assert "said" in stderr.getvalue()
    assert "secret" not in stderr.getvalue()
    assert "\x1b[2J" not in stderr.getvalue()
    assert "\x9b" not in stderr.getvalue()


HOSTILE = pika.BasicProperties(
    type="a\x1b[2J\x9b", headers={"h\x9b": "\x1b]0;t\x07", "aggregate-version": "\x1b[2J"}
)


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize(
    "body", [b'{"value": "\x1b[2J\xc2\x9b\xe2\x80\xae"}', '{"v": "\x9b"}'.encode(), b"\xff\x1b"]
)
def test_watch_shows_hostile_events_harmlessly(terminal, body, monkeypatch, capsys):
    output = io.StringIO()
    monkeypatch.setattr(
        watching, "console", Console(file=output, force_terminal=terminal, color_system=None)
    )
    watching.show_event(received(HOSTILE, body))
    shown = output.getvalue() + capsys.readouterr().out
    assert "2J" in shown
    assert is_plain(shown.replace("\n", ""))


def test_watch_shows_what_is_no_event_too(monkeypatch, capsys):
    monkeypatch.setattr(watching, "console", Console(file=io.StringIO()))
    watching.show_event(message(CREATE, json.dumps(create()).encode()[:-1]))
    assert json.loads(capsys.readouterr().out)["body"].startswith("{")


HOSTILE_TEXT = "[2J\x1b[2J\x9b\u202e\nforged"


@pytest.fixture
def hostile(migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """Return a thing with a hostile value, beside a hostile dead letter."""
    monkeypatch.setenv("DATABASE_URL", migrated_sqlite_url)
    monkeypatch.setenv("COMPONENT_NAME", "tests")
    monkeypatch.setenv("AGGREGATES", "tests.sample.things")
    thing_id = uuid4()
    with Database(migrated_sqlite_url) as database:
        Processor(component(database)).apply(
            [
                read(CREATE, create(thing_id)),
                read(UPDATE, update(thing_id, HOSTILE_TEXT)),
                read(HOSTILE_TEXT, create(), headers={HOSTILE_TEXT: HOSTILE_TEXT}),
                read(CREATE, create(**{HOSTILE_TEXT: HOSTILE_TEXT}), correlation_id=HOSTILE_TEXT),
            ]
        )
    return thing_id


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize(
    "arguments",
    [
        "show {}",
        "dead list",
        "dead show 1",
        "dead show 2",
        "dead groups",
        "dead replay --all --dry-run",
    ],
)
def test_what_is_stored_is_shown_harmlessly(hostile, terminal, arguments, monkeypatch):
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, color_system=None, width=300)
    monkeypatch.setattr(showing, "console", console)
    monkeypatch.setattr(listing, "console", console)
    before = structlog.get_config()
    try:
        result = CliRunner().invoke(cli, arguments.format(hostile).split())
    finally:
        structlog.configure(**before)
    shown = output.getvalue() + result.output
    assert result.exit_code == 0, result.output
    assert "2J" in shown
    # Rich itself writes escapes for a dim line at the end.
    assert is_plain(shown.replace("\x1b[2m", "").replace("\x1b[0m", "").replace("\n", ""))
    assert "\nforged" not in shown
