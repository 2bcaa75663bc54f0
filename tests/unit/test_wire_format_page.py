"""The messages that docs/wire-format.md shows are those of the component."""

import json
import re

import pytest

from tests.support.messages import CREATE, UPDATE, codec, read
from tests.support.project import ROOT

PAGE = (ROOT / "docs" / "wire-format.md").read_text()
SHOWN = dict(re.findall(r"^```json ([\w.]+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
EVENTS = {schema.type: schema for schema in codec()._catalogue.by_class.values()}


@pytest.mark.parametrize("type", [CREATE, UPDATE])
def test_a_command_of_the_page_is_read(type: str) -> None:
    assert read(type, SHOWN[type].encode()).fault is None


@pytest.mark.parametrize("type", [type for type in SHOWN if type not in (CREATE, UPDATE)])
def test_an_event_of_the_page_has_the_fields_of_its_schema(type: str) -> None:
    assert list(json.loads(SHOWN[type])) == list(EVENTS[type].fields)
