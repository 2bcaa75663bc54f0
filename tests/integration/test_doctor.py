"""What whoever is woken at night is told: each trouble in one line, with the way out."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pika
import pytest
import yaml

from tests.support.doctor import (
    Hospital,
    declare_by_hand,
    declared,
    hospital,
    only,
    told,
)
from tests.support.waiting import wait_for
from tools.servers import free_port
from worker.amqp.declarations import backstop_queue, declarations
from worker.amqp.definitions import definitions, topology_operator
from worker.doctor.examination import examine
from worker.settings import Settings


@pytest.fixture(scope="module")
def ward() -> Iterator[Hospital]:
    with hospital() as it:
        yield it


@pytest.fixture
def ours(ward: Hospital, migrated_sqlite_url: str) -> Settings:
    """A component that is declared and migrated, and of which no process runs."""
    return declared(ward.component(migrated_sqlite_url))


def broken(who: Settings) -> list[str]:
    return [f.sentence for f in examine(who).findings if f.state in ("wrong", "unknown")]


def test_only_its_processes_are_missing_to_what_is_declared_and_migrated(ours):
    nobody, no_relay = broken(ours)
    assert nobody == f"Nobody consumes '{ours.command_queue}'."
    assert no_relay == "No relay works."


def test_a_broker_that_is_away_is_named_by_its_address(ours):
    port = free_port()
    away = replace(ours, amqp_url=f"amqp://guest:s3cret@127.0.0.1:{port}/%2F")
    finding = only(told(away, f"127.0.0.1:{port}", "Connection refused"))
    assert finding.state == "wrong"
    assert "s3cret" not in str(examine(away).findings)


def test_a_wrong_password_is_called_that_and_not_shown(ours):
    finding = only(
        told(replace(ours, amqp_url=ours.amqp_url.replace(":guest@", ":s3cret@")), "Login")
    )
    assert finding.state == "wrong"
    assert "Correct user and password in AMQP_URL" in finding.way_out
    assert "s3cret" not in finding.sentence + finding.way_out


def test_a_virtual_host_that_is_missing_is_named(ours):
    finding = only(told(replace(ours, amqp_url=ours.amqp_url.replace("%2F", "nowhere")), "nowhere"))
    assert "rabbitmqctl add_vhost 'nowhere'" in finding.way_out


RIGHTS = [
    ("configure", "commands", "queue"),
    ("configure", "dead", "queue"),
    ("configure", "events", "exchange"),
    ("read", "commands", "queue"),
    ("read", "dead", "queue"),
    ("write", "events", "exchange"),
    ("write", "default", "exchange"),
]


@pytest.mark.parametrize(("right", "end", "kind"), RIGHTS)
@pytest.mark.parametrize("is_declared", [True, False])
def test_each_missing_right_is_named(ward, migrated_sqlite_url, right, end, kind, is_declared):
    who = ward.component(migrated_sqlite_url)
    if is_declared:
        declared(who)
    url = ward.user(**{right: rf"^(?!.*\.{end}$).*$"})
    finding = only(told(replace(who, amqp_url=url), f"no {right} right on {kind}"))
    assert finding.state == "wrong"
    assert finding.sentence.split("'")[3].endswith(f".{end}")
    assert "rabbitmqctl set_permissions -p '/'" in finding.way_out


def test_the_rights_that_it_advises_are_enough(ward, ours):
    name = ward.user("^$", "^$", "^$").partition("//")[2].partition(":")[0]
    who = replace(ours, amqp_url=ours.amqp_url.replace("guest:guest", f"{name}:s3cret"))
    advice = told(who, "no read right on")[0].way_out
    command = advice.partition("Give it: ")[2].partition(" Or set")[0]
    *_, user, configure, write, read = command.replace("'", "").split()
    assert user == name
    rights = {"configure": configure, "write": write, "read": read}
    ward.put(f"permissions/%2F/{name}", rights)
    assert not told(who, "right")


def test_nothing_is_left_of_what_the_doctor_tries(ward, migrated_sqlite_url):
    who = ward.component(migrated_sqlite_url)
    for _ in range(2):
        assert [d.name for d in examine(who).missing] == [d.name for d in declarations(who)]


def test_no_message_is_touched(ours):
    with pika.BlockingConnection(pika.URLParameters(ours.amqp_url)) as connection:
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, ours.event_exchange)
        channel.confirm_delivery()
        channel.basic_publish("", ours.command_queue, b"mine")
        sentences = [finding.sentence for finding in examine(ours).findings]
        assert f"Nobody consumes '{ours.command_queue}'; commands that wait: 1." in sentences
        assert channel.basic_get(queue)[0] is None, "a subscriber heard of it"
        method, properties, body = channel.basic_get(ours.command_queue)
        assert body == b"mine"
        assert not method.redelivered
        assert not (properties.headers or {}).get("x-delivery-count")


def test_a_queue_that_is_classic_is_named(ward, migrated_sqlite_url):
    who = ward.component(migrated_sqlite_url)
    declare_by_hand(who, queue=who.command_queue)
    finding = only(told(who, "declared otherwise", "x-queue-type", who.command_queue))
    assert finding.state == "wrong"
    assert "delete it while it is empty" in finding.way_out


def test_an_exchange_of_another_type_is_named(ward, migrated_sqlite_url):
    who = ward.component(migrated_sqlite_url)
    declare_by_hand(who, exchange=who.event_exchange, exchange_type="topic")
    assert only(told(who, "declared otherwise", "topic", who.event_exchange)).state == "wrong"


def test_both_are_named_where_we_may_not_declare(ward, migrated_sqlite_url):
    who = ward.component(migrated_sqlite_url, declare=False)
    declare_by_hand(who, queue=who.command_queue)
    declare_by_hand(who, exchange=who.event_exchange, exchange_type="topic")
    who = replace(who, amqp_url=ward.user(configure="^$"))
    assert only(told(who, "x-queue-type is 'classic' instead of 'quorum'")).state == "wrong"
    assert only(told(who, "type is 'topic' instead of 'fanout'")).state == "wrong"


def test_what_cannot_be_compared_is_said_to_be_so(ward, ours):
    away = f"http://127.0.0.1:{free_port()}"
    blind = replace(ours, amqp_url=ward.user(configure="^$"), declare=False, management_url=away)
    findings = told(blind, "cannot be seen")
    assert [f.state for f in findings] == ["unknown", "warning", "warning", "warning"]
    assert away in findings[0].sentence


def test_a_queue_of_an_earlier_release_is_told_with_the_policy_that_helps(
    ward, migrated_sqlite_url
):
    who = ward.component(migrated_sqlite_url)
    quorum = {"x-queue-type": "quorum"}
    declare_by_hand(who, queue=backstop_queue(who), arguments=quorum)
    declared(who)
    finding = only(told(who, "An earlier release"))
    assert (finding.state, "rabbitmqctl set_policy" in finding.way_out) == ("warning", True)


HARMS = [
    ("wrong", {"max-length": 3}, "drops", "the oldest messages are dropped"),
    ("warning", {"max-length": 3}, "refuses", "senders are refused"),
    ("wrong", {"message-ttl": 1000}, "refuses", "is lost"),
    ("wrong", {"expires": 3_600_000}, "refuses", "deleted with its messages"),
    ("wrong", {"delivery-limit": 30}, "refuses", "messages are lost after so many deaths"),
]


@pytest.fixture(scope="module")
def sick(ward: Hospital) -> Iterator[list[Settings]]:
    """A component for each of `HARMS`, and a last one whose consumers do not consume.

    The management API tells of all that only after seconds: so they are made ill together.
    """
    patients = [ward.component("sqlite:///never-opened.db") for _ in [*HARMS, None]]
    for who, (_, definition, overflow, _) in zip(patients, HARMS, strict=False):
        if overflow == "drops":  # as an earlier release declared it
            declare_by_hand(who, queue=backstop_queue(who), arguments={"x-queue-type": "quorum"})
        pattern = f"^{backstop_queue(who)}$"
        policy = {"pattern": pattern, "apply-to": "queues", "definition": definition}
        ward.put(f"policies/%2F/{who.component_name}", policy)
    for who in patients:
        declared(who)
    parameters = pika.URLParameters(patients[-1].amqp_url)
    parameters.client_properties = {"connection_name": f"{patients[-1].component_name} consumer"}
    with pika.BlockingConnection(parameters), pika.BlockingConnection(parameters):
        for who in patients[:-1]:
            wait_for(lambda who=who: told(who, "The policy"), "the policy to be seen", every=0.2)
        wait_for(
            lambda: told(patients[-1], "take none: 2"), "both connections to be seen", every=0.2
        )
        yield patients


@pytest.mark.parametrize("number", range(len(HARMS)))
def test_a_policy_that_takes_something_is_named(sick, number):
    state, definition, _, words = HARMS[number]
    (name,) = definition
    finding = only(told(sick[number], f"The policy '{sick[number].component_name}' sets {name}"))
    assert finding.state == state
    assert words in finding.sentence


def test_consumers_that_have_gone_while_their_processes_live_are_named(sick):
    who = sick[-1]
    finding = only(told(who, "Nobody consumes", "processes that are connected, and take none: 2"))
    assert (finding.state, "ask its /readyz" in finding.way_out) == ("wrong", True)
    with pika.BlockingConnection(pika.URLParameters(who.amqp_url)) as another:
        another.channel().basic_consume(who.command_queue, print)
        assert not told(who, "Nobody consumes")
        assert (
            only(told(who, "Not all processes that are connected (2) consume (1).")).state
            == "wrong"
        )


def test_what_is_missing_is_imported_from_what_it_prints(ward, migrated_sqlite_url):
    who = ward.component(migrated_sqlite_url, declare=False)
    missing = examine(who).missing
    assert len(told(who, "is missing", "Import what stands below")) == len(missing) == 3
    ward.put("definitions", json.loads(definitions(missing, "/")), "POST")
    assert examine(replace(who, declare=True)).missing == []
    assert not told(replace(who, declare=True), "declared")


def test_kubernetes_is_told_the_same(ward, migrated_sqlite_url):
    who = ward.component(migrated_sqlite_url)
    documents = [*yaml.safe_load_all(topology_operator(declarations(who), "/"))]
    of_rabbitmq = json.loads(definitions(declarations(who), "/"))
    for document in documents:
        spec = document["spec"]
        (same,) = (d for kind in of_rabbitmq.values() for d in kind if d["name"] == spec["name"])
        assert (spec["vhost"], spec["durable"], spec["autoDelete"]) == ("/", True, False)
        assert spec["type"] == same["arguments"].get("x-queue-type", same.get("type"))
        given = {**spec.get("arguments", {}), "x-queue-type": spec["type"]}
        assert document["kind"] == "Exchange" or given == same["arguments"]
    assert [d["kind"] for d in documents] == ["Exchange", "Queue", "Queue"]
