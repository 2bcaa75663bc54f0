"""The messages that docs/wire-format.md shows are those of the component."""

import json
import re

import pytest

from schemas.codec import Codec
from tests.support.messages import MAX_BYTES, message
from tests.support.project import ROOT
from worker.aggregates import AGGREGATES
from worker.composition import catalogue
from worker.consumer.reading import Reader

PAGE = (ROOT / "docs" / "wire-format.md").read_text()
SHOWN = dict(re.findall(r"^```json ([\w.]+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
OURS = catalogue(AGGREGATES)
COMMANDS = ["entity.Create", "entity.UpdateValue"]
EVENTS = {schema.type: schema for schema in OURS.by_class.values()}


@pytest.mark.parametrize("type", COMMANDS)
def test_a_command_of_the_page_is_read(type: str) -> None:
    reader = Reader(Codec(OURS), MAX_BYTES)
    assert reader.read(message(type, SHOWN[type].encode())).fault is None


@pytest.mark.parametrize("type", [type for type in SHOWN if type not in COMMANDS])
def test_an_event_of_the_page_has_the_fields_of_its_schema(type: str) -> None:
    assert list(json.loads(SHOWN[type])) == list(EVENTS[type].fields)
