"""Whoever can be reached is answered: with what was wrong, in words for every language."""

import json

import pytest

from persistence.database import Database
from persistence.outbox import outbox
from tests.support.component import component, rows
from tests.support.messages import read
from tests.support.mistakes import MISTAKES, REPLY_TO, Mistake
from worker.consumer.processor import Processor
from worker.consumer.reading import Received

# What only somebody who knows Python, its libraries or our program would understand.
OF_PYTHON = ("codec", "Traceback", "Error", "dict", "<class", "'utf-8' can't", "marshmallow")


def of(mistake: Mistake) -> Received:
    return read(
        body=mistake.body, reply_to=REPLY_TO, correlation_id=mistake.name, **mistake.properties
    )


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_usual_mistake_has_a_reason_that_says_what_to_change(mistake: Mistake) -> None:
    fault = of(mistake).fault
    assert (fault and fault.kind) == mistake.code
    assert mistake.words in (fault.reason if fault else "")
    assert not [word for word in OF_PYTHON if fault and word in fault.reason]


def test_whoever_makes_a_usual_mistake_is_answered(database: Database) -> None:
    Processor(component(database)).apply([of(mistake) for mistake in MISTAKES])
    replies = {row["correlation_id"]: row for row in rows(database, outbox) if row["reply_to"]}
    told = {name: json.loads(row["body"]).get("code") for name, row in replies.items()}
    assert told == {mistake.name: mistake.code for mistake in MISTAKES}
    assert {row["reply_to"] for row in replies.values()} == {REPLY_TO}
