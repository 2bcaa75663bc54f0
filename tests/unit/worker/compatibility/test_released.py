"""What was released is still read: whole contracts by generation, and messages as they were."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from jsonschema import Draft7Validator

from schemas.codec import Codec
from schemas.message import CommandSchema
from tests.sample.things import THING
from tests.sample.versions import LATER
from tests.support.component import settings
from tests.support.generated import from_schema
from tests.support.messages import message
from tests.support.project import ROOT
from worker.amqp.wire import Message
from worker.catalog.document import document
from worker.component import Aggregate
from worker.composition import aggregates_of_environment, catalogue, compose
from worker.consumer.reading import Reader

Said = dict[str, Any]
CONTRACT = ROOT / "contract"


def released() -> dict[str, tuple[Said, tuple[Aggregate, ...]]]:
    """Return documents by name, and the aggregates of today that are held to them."""
    ours = aggregates_of_environment()
    real = {path.name: (json.loads(path.read_text()), ours) for path in CONTRACT.glob("*.json")}
    things = json.loads(json.dumps(document(compose(settings(), [THING]), "1")))
    later = json.loads(json.dumps(document(compose(settings(), [LATER]), "2")))
    return real | {"things 1": (things, (LATER,)), "things 2": (later, (LATER,))}


def commands() -> list[Any]:
    return [
        pytest.param(said, aggregates, id=f"{name} {key}")
        for name, (contract, aggregates) in released().items()
        for key, said in contract["components"]["messages"].items()
        if key in contract["channels"]["commands"]["messages"]
    ]


@pytest.mark.parametrize(("said", "aggregates"), commands())
def test_whatever_a_released_contract_says_is_read_by_the_codec_of_today(said, aggregates):
    reader = Reader(Codec(catalogue(aggregates)), 1_000_000)

    @hypothesis_settings(max_examples=25, database=None)
    @given(from_schema(said["payload"]))
    def read(body: Said) -> None:
        headers = {"schema-version": said["x-schema-version"]}
        received = reader.read(message(said["name"], body, headers=headers))
        assert received.fault is None
        assert received.command is not None

    read()


@pytest.mark.parametrize(
    "path", sorted((CONTRACT / "samples").glob("*.json")), ids=lambda p: p.name
)
def test_a_message_of_a_released_version_is_what_it_was(path: Path):
    sample = json.loads(path.read_text())
    aggregates = aggregates_of_environment()
    if sample["channel"] == "commands":
        sent: Message = message(sample["type"], sample["body"], headers=sample["headers"])
        received = Reader(Codec(catalogue(aggregates)), 10_000).read(sent)
        assert (received.fault, str(received.command_id)) == (None, sample["body"]["command_id"])
    else:
        (said,) = [
            one
            for one in document(compose(settings(), aggregates), "now")["components"][
                "messages"
            ].values()
            if (one["name"], one["x-schema-version"])
            == (sample["type"], sample["headers"]["schema-version"])
        ]
        assert said["payload"]["properties"].keys() >= sample["body"].keys()
        assert list(Draft7Validator(said["payload"]).iter_errors(sample["body"])) == []


def test_every_version_that_was_released_has_a_sample():
    samples = [json.loads(path.read_text()) for path in (CONTRACT / "samples").glob("*.json")]
    kept = {(one["type"], one["headers"]["schema-version"]) for one in samples}
    assert kept >= {
        (said["name"], said["x-schema-version"])
        for path in CONTRACT.glob("*.json")
        for said in json.loads(path.read_text())["components"]["messages"].values()
        if said["name"] not in ("CommandRejected", "CommandFailed")
    }


def test_a_generated_command_finds_what_the_codec_does_not_read():
    """The proof above would fail: without the first version's schema its values are refused."""
    later = [s for s in LATER.schemas if issubclass(s, CommandSchema) and s.version != 1]
    broken = Reader(Codec(catalogue([LATER])), 10_000)
    assert len(later) == 2
    contract, _ = released()["things 1"]
    payload = contract["components"]["messages"]["thing.UpdateValue"]["payload"]
    faults = []

    @hypothesis_settings(max_examples=3, database=None)
    @given(from_schema(payload))
    def read(body: Said) -> None:
        headers = {"schema-version": 2}
        faults.append(broken.read(message("thing.UpdateValue", body, headers=headers)).fault)

    read()
    assert all(faults)
