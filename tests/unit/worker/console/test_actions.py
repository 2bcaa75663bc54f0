"""What is done from the pages is what the command line does, and is written down."""

import json
from collections.abc import Iterator
from uuid import UUID

import pytest

from persistence.audit import audit
from persistence.database import Database
from persistence.dead_letters import EVERY, DeadLetterViews
from persistence.inbox import inbox
from persistence.operations import operations
from persistence.retries import retries
from tests.support.component import component, rows
from tests.support.console import TestClient, bury, console, wrong
from tests.support.messages import CREATE, UPDATE, create, read, update
from tests.support.waiting import wait_for
from tests.unit.worker.dead.test_operation import World
from worker.console.tokens import Token
from worker.consumer.processor import Processor

REPLAYER = Token("ann", frozenset({"read", "replay"}), "token-of-ann-0123456789")


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    with console(database) as client:
        yield client


def letters(database: Database) -> int:
    return DeadLetterViews(database, "tests").count(EVERY)


def waits(database: Database) -> UUID:
    """Let a command fail that will be tried again; return its id."""

    def fail(command: object) -> None:
        raise RuntimeError("a bug")

    body = create()
    Processor(component(database, fail)).apply([read(CREATE, body)])
    return UUID(body["command_id"])


def test_one_letter_is_sent_again_and_it_is_written_down(client, database):
    (letter,) = World(database).failed(1)
    assert client.post(f"/letters/{letter}/replay").json() == {"letters": 1}
    assert letters(database) == 0
    assert len(rows(database, retries)) == 1
    assert [entry["action"] for entry in rows(database, audit)] == ["dead replay"]


def test_what_cannot_be_sent_again_is_refused_in_a_sentence(client, database):
    letter = bury(database, wrong())
    answer = client.post(f"/letters/{letter}/replay")
    assert (answer.status_code, letters(database)) == (409, 1)
    assert "still cannot be read" in answer.json()["error"]


def test_many_are_replayed_as_an_operation_that_can_be_stopped(client, database):
    World(database).failed(3)
    begun = client.post("/letters/replay", data={"kind": "failed", "count": 3}).json()
    assert client.post(f"/operations/{begun['operation']}/stop").status_code == 200

    def ended() -> bool:
        return rows(database, operations)[0]["state"] == "cancelled"

    wait_for(ended, "the end of the operation")
    (row,) = rows(database, operations)
    assert (row["asked"], row["sent"], row["cancelled"]) == (3, 1, 2)
    actions = [entry["action"] for entry in rows(database, audit)]
    assert actions == ["dead replay", "dead replay stop"]


def test_a_replay_of_another_number_than_was_seen_is_refused(client, database):
    World(database).failed(2)
    seen = client.get("/letters/chosen").json()
    assert (seen["count"], seen["readable"]) == (2, 2)
    World(database).failed(1)
    frozen = {"up_to": seen["up_to"], "count": 2}
    assert client.post("/letters/purge", data={"count": 2}).status_code == 422
    assert client.post("/letters/replay", data={"count": 2}).status_code == 409
    assert client.post("/letters/purge", data=frozen).json() == {"purged": 2}
    assert letters(database) == 1


def test_more_than_a_hundred_need_their_number_typed(client, database):
    Processor(component(database)).apply([read(UPDATE, b"{") for _ in range(101)])
    frozen = {"up_to": DeadLetterViews(database, "tests").last(), "count": 101}
    for typed in ({}, {"typed": 100}):
        answer = client.post("/letters/purge", data=frozen | typed)
        assert (answer.status_code, letters(database)) == (409, 101)
    assert client.post("/letters/purge", data=frozen | {"typed": 101}).json() == {"purged": 101}


def test_a_corrected_body_is_checked_first_and_kept_in_the_audit(client, database):
    thing = create()
    Processor(component(database)).apply([read(CREATE, thing)])
    letter = bury(database, wrong(thing_id=thing["thing_id"]))
    place, good = f"/letters/{letter}/correct", json.dumps(update(UUID(thing["thing_id"]), "x"))
    assert client.post(place, data={"body": "{}", "check": 1}).status_code == 409
    assert client.post(place, data={"body": good, "check": 1}).json() == {"fits": True}
    assert letters(database) == 1
    assert client.post(place, data={"body": good}).status_code == 200
    assert letters(database) == 0
    parameters = rows(database, audit)[0]["parameters"]
    assert (parameters["old"]["value"], parameters["new"]["value"]) == (7, "x")


def test_a_group_is_put_on_hold_and_what_is_said_of_it_stays(client, database):
    bury(database, wrong())
    (group,) = client.get("/groups").json()["groups"]
    place = f"/groups/{group['id']}"
    assert client.post(place, data={"note": "asked the shop", "owner": "ann"}).is_success
    assert client.post(place, data={"on_hold": "true"}).is_success
    (group,) = client.get("/groups").json()["groups"]
    assert (group["note"], group["owner"], group["on_hold"]) == ("asked the shop", "ann", True)


def test_waiting_commands_are_hurried_and_given_up(client, database):
    first, second = waits(database), waits(database)
    due = {row["command_id"]: row["due_at"] for row in rows(database, retries)}
    assert client.get("/waiting").json()["count"] == 2
    assert client.post("/waiting/now", data={"id": str(first)}).json() == {"hurried": 1}
    now = {row["command_id"]: row["due_at"] for row in rows(database, retries)}
    assert now[first] < due[first]
    assert now[second] == due[second]
    assert client.post("/waiting/cancel", data={"all": 1, "count": 1}).status_code == 409
    assert client.post("/waiting/cancel", data={"all": 1, "count": 2}).json() == {"cancelled": 2}
    assert {row["status"] for row in rows(database, inbox)} == {"failed"}
    actions = [entry["action"] for entry in rows(database, audit)]
    assert actions == ["waiting now", "waiting cancel"]


def test_letters_are_exported_as_the_command_line_does(client, database):
    bury(database, wrong(value=41))
    (line,) = client.get("/letters/export").text.splitlines()
    assert json.loads(json.loads(line)["body"])["value"] == 41


@pytest.mark.parametrize("filter", ["since=soon", "aggregate=7", "id=x", "before=x", "text=%00"])
def test_a_filter_that_nobody_can_mean_is_told_in_a_sentence(filter, client, database):
    bury(database, wrong())
    assert client.get(f"/letters?{filter}").status_code == 422


@pytest.mark.parametrize("filter", ["kind=invalid", "type=thing.UpdateValue", "since=1h", "id={}"])
def test_the_filter_is_the_address(filter, client, database):
    letter = bury(database, wrong())
    assert client.get(f"/letters?{filter.format(letter)}").json()["count"] == 1
    assert client.get("/letters?kind=failed").json()["count"] == 0


def test_an_aggregate_is_shown_with_its_dead_letters(client, database):
    thing = create()
    Processor(component(database)).apply([read(CREATE, thing)])
    letter = bury(database, wrong(thing_id=thing["thing_id"]))
    found = client.get(f"/aggregate?id={thing['thing_id']}").json()
    assert found["view"]["id"] == thing["thing_id"]
    assert [one["id"] for one in found["letters"]] == [letter]


def test_a_draft_is_checked_as_the_queue_would_and_a_broker_that_is_away_is_told(client, database):
    def send(body: str, **more: object) -> tuple[int, dict[str, object]]:
        answer = client.post("/send", data={"type": CREATE, "body": body, **more})
        return answer.status_code, answer.json()

    assert send('{"colour": 1}', check=1)[0] == 422
    assert send("[", check=1)[0] == 422
    assert send("{}", check=1)[1]["fits"] is True
    assert rows(database, audit) == []
    assert send("{}")[0] == 503
    assert rows(database, audit)[0]["action"] == "send"


def test_bodies_in_the_audit_are_for_who_may_see_bodies(database):
    thing = create()
    Processor(component(database)).apply([read(CREATE, thing)])
    letter = bury(database, wrong(thing_id=thing["thing_id"], value={"secret": 1}))
    with console(database) as client:
        good = json.dumps(update(UUID(thing["thing_id"]), "x"))
        client.post(f"/letters/{letter}/correct", data={"body": good})
        assert "secret" in client.get("/audit").text
    with console(database, REPLAYER) as client:
        head = {"authorization": f"Bearer {REPLAYER.secret}"}
        assert "dead replay" in client.get("/audit", headers=head).text
        assert "secret" not in client.get("/audit", headers=head).text
