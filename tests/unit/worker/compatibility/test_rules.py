"""Each rule finds its change, says who breaks, and fails the check where somebody does."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from tests.sample.things import THING
from tests.support.component import settings
from tests.support.project import ROOT
from worker.catalog.document import document
from worker.compatibility.accepted import Accepted
from worker.compatibility.check import check
from worker.compatibility.comparison import findings
from worker.compatibility.rules import ERROR, INFO, RULES
from worker.compatibility.table import changes
from worker.composition import compose

Said = dict[str, Any]
Change = Callable[[Said], None]

CHOICE: Said = {"type": "string", "enum": ["red", "blue"]}
TEXT: Said = {"type": "string", "minLength": 1, "maxLength": 10}
NUMBER: Said = {"type": "integer", "minimum": 1, "maximum": 10}
TAGS: Said = {"type": "array", "items": {"type": "string"}, "maxItems": 3}
UNIQUE: Said = {"type": "array", "uniqueItems": True}
PART: Said = {"type": "object", "properties": {}, "additionalProperties": False}
OPEN: Said = {"type": "object", "properties": {}}
EITHER: Said = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
NULL: Said = {"type": ["string", "null"]}
TODAY = date(2030, 1, 1)


def described() -> Said:
    """Return a contract whose messages have fields of every kind."""
    now = json.loads(json.dumps(document(compose(settings(), [THING]), "1")))
    for key in ("thing.UpdateValue", "thing.Updated"):
        now["components"]["messages"][key]["payload"]["properties"] |= deepcopy(
            {
                "choice": CHOICE, "text": TEXT, "number": NUMBER, "tags": TAGS, "unique": UNIQUE,
                "part": PART, "open": OPEN, "either": EITHER, "null": NULL, "extra": {},
                "code": {"type": "string", "pattern": "^a$"}, "later": {"default": 1},
            }
        )  # fmt: skip
    return now


def fields(document: Said, key: str) -> Said:
    result: Said = document["components"]["messages"][key]["payload"]["properties"]
    return result


def of_command(field: str, **said: Any) -> Change:
    return lambda now: fields(now, "thing.UpdateValue")[field].update(said)


def of_event(field: str, **said: Any) -> Change:
    return lambda now: fields(now, "thing.Updated")[field].update(said)


def without(key: str) -> Change:
    def change(now: Said) -> None:
        for channel in now["channels"].values():
            channel["messages"].pop(key, None)

    return change


def renumbered(key: str) -> Change:
    return lambda now: now["components"]["messages"][key].update({"x-schema-version": 2})


def required(key: str, field: str, *, add: bool) -> Change:
    def change(now: Said) -> None:
        names = now["components"]["messages"][key]["payload"]["required"]
        (names.append if add else names.remove)(field)

    return change


def coded(*codes: str) -> Change:
    said = [{"code": code, "meaning": ""} for code in codes]
    return lambda now: now["components"]["messages"]["CommandFailed"].update({"x-codes": said})


def replied(now: Said) -> None:
    replies = now["operations"]["thing.Create"]["reply"]["messages"]
    replies.append({"$ref": "#/channels/replies/messages/thing.Extra"})
    extra = {**now["components"]["messages"]["thing.Updated"], "name": "thing.Extra"}
    now["components"]["messages"]["thing.Extra"] = extra


def reversed_(change: Change) -> tuple[Change, Change]:
    """Return no change and this one the other way round."""
    return change, lambda now: None


# Each rule, and the change that it finds: of the newer contract, or of the older and the newer.
CHANGES: dict[str, Change | tuple[Change, Change]] = {
    "command-removed": without("thing.Create"),
    "command-version-removed": renumbered("thing.Create"),
    "command-field-removed": lambda now: fields(now, "thing.UpdateValue").pop("extra"),
    "command-field-required": required("thing.UpdateValue", "extra", add=True),
    "command-type-narrowed": of_command("value", type="integer"),
    "command-null-refused": of_command("null", type="string"),
    "command-value-removed": of_command("choice", enum=["red"]),
    "command-length-narrowed": of_command("text", maxLength=9),
    "command-range-narrowed": of_command("number", minimum=2),
    "command-count-narrowed": of_command("tags", maxItems=2),
    "command-form-narrowed": of_command("text", pattern="^b$"),
    "command-repeats-refused": of_command("tags", uniqueItems=True),
    "command-fields-closed": of_command("open", additionalProperties=False),
    "command-unclear": of_command("either", oneOf=[{"type": "string"}]),
    "command-default-changed": of_command("later", default=2),
    "command-added": reversed_(without("thing.Create")),
    "command-version-added": reversed_(renumbered("thing.Create")),
    "command-field-added": lambda now: fields(now, "thing.UpdateValue").update({"new": {}}),
    "command-widened": of_command("text", maxLength=11),
    "event-removed": without("thing.Updated"),
    "event-version-removed": renumbered("thing.Updated"),
    "event-field-removed": lambda now: fields(now, "thing.Updated").pop("extra"),
    "event-field-uncertain": required("thing.Updated", "value", add=False),
    "event-type-widened": of_event("value", type=["string", "integer"]),
    "event-null-added": of_event("value", type=["string", "null"]),
    "event-value-added": of_event("choice", enum=["red", "blue", "green"]),
    "event-length-widened": of_event("text", maxLength=11),
    "event-range-widened": of_event("number", maximum=11),
    "event-count-widened": of_event("tags", maxItems=4),
    "event-form-widened": of_event("code", pattern="^a?$"),
    "event-repeats-allowed": of_event("unique", uniqueItems=False),
    "event-fields-opened": of_event("part", additionalProperties=True),
    "event-unclear": of_event("either", oneOf=[{"type": "string"}]),
    "event-added": reversed_(without("thing.Created")),
    "event-version-added": reversed_(renumbered("thing.Created")),
    "event-field-added": lambda now: fields(now, "thing.Updated").update({"new": {}}),
    "event-narrowed": of_event("text", maxLength=9),
    "code-added": (coded("failed"), coded("failed", "odd")),
    "code-removed": (coded("failed", "odd"), coded("failed")),
    "reply-added": replied,
    "queue-renamed": lambda now: now["channels"]["commands"].update(address="other"),
    "exchange-renamed": lambda now: now["channels"]["events"].update(address="other"),
    "exchange-kind-changed": lambda now: now["channels"]["events"]["bindings"]["amqp"][
        "exchange"
    ].update(type="topic"),
    "size-lowered": lambda now: now["channels"]["commands"].update({"x-max-message-bytes": 9}),
}


def documents(rule: str) -> tuple[Said, Said]:
    change = CHANGES[rule]
    of_old, of_new = change if isinstance(change, tuple) else ((lambda _: None), change)
    old, new = described(), described()
    of_old(old)
    of_new(new)
    return old, new


def test_every_rule_is_tried():
    assert CHANGES.keys() == RULES.keys()


@pytest.mark.parametrize("rule", CHANGES)
def test_a_rule_finds_its_change_and_says_who_breaks(rule):
    old, new = documents(rule)
    found = [finding for finding in findings(old, new) if finding.rule.id == rule]
    assert len(found) == 1
    sentence = found[0].sentence()
    assert sentence.startswith(f"{RULES[rule].level}: ")
    assert RULES[rule].who in sentence
    assert RULES[rule].way_out in sentence


@pytest.mark.parametrize("rule", CHANGES)
def test_the_check_fails_for_an_error_and_for_nothing_else(rule):
    old, new = documents(rule)
    report = check(new, {"1.json": old}, [], TODAY)
    assert any(f"[{rule}]" in sentence for sentence in (*report.broken, *report.told))
    is_broken = any(f"[{rule}]" in sentence for sentence in report.broken)
    assert is_broken == (RULES[rule].level == ERROR)
    if RULES[rule].level == INFO and not rule.endswith("version-added"):
        assert report.broken == []


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_is_said_in_whole_sentences(rule):
    for sentence in (rule.who, rule.way_out):
        assert re.fullmatch(r"[A-Z].*[.)]", sentence)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.id)


def test_nothing_is_found_where_nothing_has_changed():
    assert list(findings(described(), described())) == []


def test_a_change_inside_of_a_list_and_of_a_part_is_found_at_its_place():
    old, new = described(), described()
    fields(new, "thing.UpdateValue")["tags"]["items"]["maxLength"] = 3
    fields(old, "thing.UpdateValue")["part"]["properties"]["name"] = {}
    assert [(f.rule.id, f.where) for f in findings(old, new)] == [
        ("command-length-narrowed", "thing.UpdateValue version 1, field tags.[]"),
        ("command-field-removed", "thing.UpdateValue version 1, field part.name"),
    ]


def test_a_part_that_contains_itself_is_compared_once():
    def with_part(said: Said) -> Said:
        result = described()
        inner = {"$ref": "#/components/schemas/Part"}
        result["components"]["schemas"] = {
            "Part": {"type": "object", "properties": {"inner": inner, "name": said}}
        }
        fields(result, "thing.UpdateValue")["part"] = {"anyOf": [inner, {"type": "null"}]}
        return result

    found = findings(with_part({"type": "string"}), with_part({"type": "integer"}))
    assert [f.where for f in found if f.rule.id == "command-type-narrowed"] == [
        "thing.UpdateValue version 1, field part.name"
    ]


def test_a_number_may_become_an_integer_only_for_subscribers():
    old, new = described(), described()
    for now, type in ((old, "number"), (new, "integer")):
        for key in ("thing.UpdateValue", "thing.Updated"):
            fields(now, key)["number"]["type"] = type
    assert [f.rule.id for f in findings(old, new)] == ["command-type-narrowed", "event-narrowed"]


def accepted(rule: str, until: date) -> Accepted:
    old, new = documents(rule)
    (where,) = [finding.where for finding in findings(old, new) if finding.rule.id == rule]
    return Accepted(rule, where, "All read version 2.", until)


def test_an_exception_lets_its_change_pass_and_is_told_with_its_reason():
    rule = "event-field-removed"
    old, new = documents(rule)
    report = check(new, {"1.json": old}, [accepted(rule, TODAY)], TODAY)
    assert report.broken == []
    assert report.told[0].startswith("accepted until 2030-01-01 (All read version 2.): error: ")


def test_an_exception_ends():
    rule = "event-field-removed"
    old, new = documents(rule)
    report = check(new, {"1.json": old}, [accepted(rule, date(2029, 12, 31))], TODAY)
    assert len(report.broken) == 1
    assert "ended on 2029-12-31" in report.told[0]


def test_an_exception_for_another_place_or_rule_excuses_nothing():
    old, new = documents("event-field-removed")
    other = accepted("command-field-removed", TODAY)
    report = check(new, {"1.json": old}, [other], TODAY)
    assert len(report.broken) == 1
    assert report.told == [
        f"warning: the exception for {other.rule} at {other.where} excuses nothing."
    ]


def test_the_page_of_what_may_be_changed_is_made_of_the_rules():
    assert (ROOT / "docs" / "changes.md").read_text() == changes(), (
        "python -c 'from worker.compatibility.table import changes; print(changes(), end=\"\")'"
        " > docs/changes.md"
    )
