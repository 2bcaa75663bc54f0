"""Every program of docs/from-your-library.md: `make libraries`. Not a part of `make test`."""

from pathlib import Path
from uuid import UUID

import pytest

from tests.support.libraries import outcome_of
from tests.support.system import System
from tools.libraries import programs

HAS_NO_TYPE = "amqp-tools"  # prints nothing but bodies
ASKS_BY_AMQP_1 = "rhea"  # its replies come directly, which AMQP 1.0 has from 4.2 on


@pytest.mark.parametrize("library", programs())
def test_the_page_s_program_creates_an_entity(library: str, system: System, tmp_path: Path) -> None:
    if library == ASKS_BY_AMQP_1 and system.broker_version() < (4, 2):
        pytest.skip("RabbitMQ has direct replies by AMQP 1.0 from 4.2 on")
    system.start("run", AGGREGATES="worker.aggregates")
    said = outcome_of(programs()[library], system, tmp_path)
    assert library == HAS_NO_TYPE or "entity.Created" in said
    assert "event_id" in said
    ((entity_id,),) = system.query("SELECT id FROM entities")
    assert str(UUID(str(entity_id))) in said
