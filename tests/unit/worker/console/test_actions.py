"""What is done from the pages is what the command line does, and is written down."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

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


def test_an_aggregate_is_shown_with_all_that_happened_to_it(client, database):
    def fail(command: object) -> None:
        raise RuntimeError("a bug")

    thing = create()
    thing_id = thing["thing_id"]
    Processor(component(database)).apply([read(CREATE, thing)])
    letter = bury(database, wrong(thing_id=thing_id))
    waiting = update(UUID(thing_id))
    Processor(component(database, fail)).apply([read(UPDATE, waiting)])
    found = client.get(f"/aggregate?id={thing_id}").json()
    assert found["view"]["id"] == thing_id
    assert [one["id"] for one in found["letters"]] == [letter]
    assert [one["id"] for one in found["waiting"]] == [waiting["command_id"]]
    (event,) = found["events"]
    assert (event["type"], event["version"]) == ("thing.Created", 1)
    assert event["caused_by"] == thing["command_id"]
    assert client.get(f"/aggregate?id={uuid4()}").json()["waiting"] == []


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


def test_a_form_is_checked_field_by_field_and_becomes_programs(client, database):
    def send(**fields: object) -> tuple[int, dict[str, Any]]:
        answer = client.post("/send", data={"type": UPDATE, "check": 1, **fields})
        return answer.status_code, answer.json()

    page = client.get("/send", params={"type": UPDATE}).json()
    assert [field["name"] for field in page["fields"] if field["is_required"]] == [
        "thing_id", "value",
    ]  # fmt: skip
    status, said = send(**{"field.value": "mine"})
    assert (status, list(said["errors"])) == (422, ["thing_id"])
    status, said = send(**{"field.value": "mine", "field.thing_id": str(uuid4())})
    assert (status, said["fits"]) == (200, True)
    assert all("mine" in said["programs"][language] for language in ("Python", "Node", "curl"))


def test_nothing_in_json_is_as_if_nobody_had_said_it(client, database):
    bury(database, wrong())
    (group,) = client.get("/groups").json()["groups"]
    place = f"/groups/{group['id']}"
    assert client.post(place, json={"note": "known", "on_hold": True}).is_success
    assert client.post(place, json={"note": None, "on_hold": False}).is_success
    (group,) = client.get("/groups").json()["groups"]
    assert (group["note"], group["on_hold"]) == (None, False)


def test_what_waits_comes_in_pages(client, database, monkeypatch):
    ids = {str(waits(database)) for _ in range(3)}
    monkeypatch.setattr("worker.console.waiting.PAGE", 2)
    pages = [client.get("/waiting", params={"skip": skip}).json() for skip in (0, 2)]
    assert [len(page["commands"]) for page in pages] == [2, 1]
    assert {one["id"] for page in pages for one in page["commands"]} == ids
    assert {page["count"] for page in pages} == {3}


def test_texts_that_were_searched_for_are_for_who_may_see_bodies(database):
    World(database).failed(1)
    with console(database) as client:
        begun = client.post("/letters/replay", data={"text": "a bug", "count": 1}).json()
        page = f"/operations/{begun['operation']}"
        assert "a bug" in client.get(page).text
    with console(database, REPLAYER) as client:
        head = {"authorization": f"Bearer {REPLAYER.secret}"}
        for path in ("/operations", page):
            assert '"text"' not in client.get(path, headers=head).text


def test_the_catalogue_is_a_page_whose_own_scripts_run_or_the_document(client):
    said = client.get("/catalogue").json()
    assert said["asyncapi"] == "3.0.0"
    answer = client.get("/catalogue", headers={"accept": "text/html"})
    assert "'sha256-" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert CREATE in answer.text


@pytest.mark.parametrize("place", ["/letters?text=%00", "/groups?text=%00", "/?span=year"])
def test_what_is_refused_on_a_page_is_told_on_a_page(place, client):
    answer = client.get(place, headers={"accept": "text/html"})
    assert answer.status_code == 422
    assert "That was not done" in answer.text


@pytest.mark.parametrize("place", ["/letters", "/operations"])
def test_no_number_is_too_large_for_a_sentence(place, client):
    assert client.get(f"{place}/{2**63 - 1}").status_code == 404


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
