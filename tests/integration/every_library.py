"""Every program of docs/from-your-library.md: `make libraries`. Not a part of `make test`."""

from pathlib import Path
from uuid import UUID

import pytest

from tests.support.libraries import outcome_of
from tests.support.system import System
from tools.libraries import programs

HAS_NO_TYPE = "amqp-tools"  # prints nothing but bodies


@pytest.mark.parametrize("library", programs())
def test_the_page_s_program_creates_an_entity(library: str, system: System, tmp_path: Path) -> None:
    system.start("run", AGGREGATES="worker.aggregates")
    said = outcome_of(programs()[library], system, tmp_path)
    assert library == HAS_NO_TYPE or "entity.Created" in said
    assert "event_id" in said
    ((entity_id,),) = system.query("SELECT id FROM entities")
    assert str(UUID(str(entity_id))) in said
