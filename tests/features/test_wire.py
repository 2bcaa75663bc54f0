"""What a team can say of its own aggregate on the wire: with servers, and without."""

from uuid import uuid4

import pytest

from tests.support.wire import Wire


@pytest.fixture
def aggregates() -> str:
    return "tests.sample.versions"


def test_the_life_of_a_thing_as_its_senders_and_subscribers_see_it(wire: Wire) -> None:
    thing_id, nobody = uuid4(), uuid4()
    (created,) = wire.send("thing.Create", thing_id=thing_id)
    assert created.type == "thing.Created"
    assert created.body["thing_id"] == str(thing_id)
    for version, name in ((1, "value"), (2, "text"), (3, "content")):
        old, new = wire.send(
            "thing.UpdateValue", version=version, thing_id=thing_id, **{name: f"by {version}"}
        )
        assert (old.headers["schema-version"], new.headers["schema-version"]) == (1, 2)
        assert old.body["value"] == new.body["content"] == f"by {version}"
        assert old.headers["aggregate-version"] == new.headers["aggregate-version"] == version + 1
    (rejected,) = wire.send("thing.UpdateValue", thing_id=nobody, value="x")
    assert (rejected.type, rejected.body["code"]) == ("CommandRejected", "not-found")
    (failed,) = wire.send("thing.UpdateValue", thing_id=thing_id)
    assert (failed.type, failed.body["code"]) == ("CommandFailed", "invalid")
