"""What `declare` says that it did."""

from contextlib import nullcontext

import pytest
from click.testing import CliRunner

from tests.support.component import settings
from worker.cli import processes


@pytest.mark.parametrize(
    ("declares", "said"),
    [
        (True, "Declared tests.commands and tests.events.\n"),
        (
            False,
            "Checked tests.commands and tests.events; DECLARE is false, so nothing was declared.\n",
        ),
    ],
)
def test_it_says_whether_it_has_declared_or_only_checked(monkeypatch, declares, said):
    monkeypatch.setattr(processes, "prepare", lambda: settings(declare=declares))
    monkeypatch.setattr(processes, "Broker", lambda *arguments: nullcontext())
    monkeypatch.setattr(processes, "declare", lambda *arguments: None)
    assert CliRunner().invoke(processes.declare_command).output == said
