"""Who may come is read from the environment, and refused where it would be everybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.console.settings import read_console_settings
from worker.console.tokens import ALL, visitor
from worker.exceptions import SettingsError

LONG = "a-token-of-some-length"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("HOST", "PORT", "TOKEN", "TOKENS_FILE"):
        monkeypatch.delenv(f"CONSOLE_{name}", raising=False)
    return


def test_it_is_on_loopback_where_nothing_is_said():
    settings = read_console_settings()
    assert (settings.address, settings.tokens) == ("http://127.0.0.1:8088", ())


def test_what_is_set_to_nothing_is_not_set(monkeypatch):
    monkeypatch.setenv("CONSOLE_HOST", "")
    monkeypatch.setenv("CONSOLE_TOKEN", "")
    settings = read_console_settings()
    assert (settings.host, settings.tokens) == ("127.0.0.1", ())


def test_the_address_is_one_that_a_browser_finds(monkeypatch):
    monkeypatch.setenv("CONSOLE_TOKEN", LONG)
    for host, address in {"0.0.0.0": "localhost", "::": "localhost", "::1": "[::1]"}.items():
        monkeypatch.setenv("CONSOLE_HOST", host)
        assert read_console_settings().address == f"http://{address}:8088"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "console.example"])
def test_another_host_is_refused_without_a_token(host, monkeypatch):
    monkeypatch.setenv("CONSOLE_HOST", host)
    with pytest.raises(SettingsError, match=r"CONSOLE_HOST.*set CONSOLE_TOKEN"):
        read_console_settings()
    monkeypatch.setenv("CONSOLE_TOKEN", LONG)
    assert read_console_settings().host == host


def test_the_one_token_has_all_roles_and_stays_out_of_logs(monkeypatch):
    monkeypatch.setenv("CONSOLE_TOKEN", LONG)
    settings = read_console_settings()
    found = visitor(settings.tokens, LONG)
    assert found is not None
    assert found.roles == ALL
    assert LONG not in repr(settings)


def test_a_file_names_who_may_do_what(monkeypatch, tmp_path: Path):
    file = tmp_path / "tokens"
    file.write_text(f"# who\nann read,replay {LONG}\n\nbob read {LONG}2 2000-01-01\n")
    monkeypatch.setenv("CONSOLE_TOKENS_FILE", str(file))
    tokens = read_console_settings().tokens
    ann = visitor(tokens, LONG)
    assert ann is not None
    assert (ann.name, ann.roles) == ("ann", {"read", "replay"})
    assert visitor(tokens, f"{LONG}2") is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ann read", "must be NAME"),
        (f"ann write {LONG}", "no role write"),
        ("ann read short", "at least 16"),
        (f"ann read {LONG} soon", "ISO 8601"),
    ],
)
def test_a_wrong_line_is_named_without_its_token(line, why, monkeypatch, tmp_path: Path):
    file = tmp_path / "tokens"
    file.write_text(f"{line}\n")
    monkeypatch.setenv("CONSOLE_TOKENS_FILE", str(file))
    with pytest.raises(SettingsError, match=f"line 1: .*{why}") as raised:
        read_console_settings()
    assert LONG not in str(raised.value)


@pytest.mark.parametrize("name", ["PORT", "TOKEN"])
def test_a_wrong_value_names_its_variable(name, monkeypatch):
    monkeypatch.setenv(f"CONSOLE_{name}", "0")
    with pytest.raises(SettingsError, match=f"CONSOLE_{name}"):
        read_console_settings()
