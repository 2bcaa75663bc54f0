"""`worker console` says in a sentence what keeps it from being served."""

import signal
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner

from persistence.database import Database
from tools.processes import free_port
from worker.cli.console import console
from worker.exceptions import SettingsError


@pytest.fixture(autouse=True)
def on_database(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite.url.render_as_string(hide_password=False))


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "worker.console.server", None)
    for name in [name for name in sys.modules if name.split(".")[0] == "uvicorn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "worker.console.server")
    monkeypatch.setattr(sys, "meta_path", [Without("uvicorn"), *sys.meta_path])
    told = CliRunner().invoke(console).output
    assert "needs uvicorn, which is not installed" in told
    assert "pip install -e '.[console]'" in told


def test_an_address_that_is_taken_is_told(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("CONSOLE_PORT", str(taken.getsockname()[1]))
        result = CliRunner().invoke(console)
    assert isinstance(result.exception, SettingsError)
    assert "CONSOLE_PORT" in str(result.exception)


def test_a_signal_ends_it_in_good_order(monkeypatch):
    monkeypatch.setenv("CONSOLE_PORT", str(free_port()))
    command = [sys.executable, "-m", "worker", "console"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "The console is at http://127.0.0.1:" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert (process.wait(20), process.stderr.read()) == (0, "")


class Without:
    """An environment in which a package is missing."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == self._package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
