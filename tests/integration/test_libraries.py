"""Programs of docs/from-your-library.md whose libraries are here; all of them: `make libraries`."""

from pathlib import Path

import pytest

from tests.support.libraries import outcome_of
from tests.support.system import System
from tools.libraries import CORE, programs


@pytest.mark.parametrize("library", CORE)
def test_the_page_s_program_creates_an_entity(library: str, system: System, tmp_path: Path) -> None:
    system.start("run", AGGREGATES="worker.aggregates")
    said = outcome_of(programs()[library], system, tmp_path)
    assert "entity.Created" in said
    assert "event_id" in said
    assert "no queue" not in said
