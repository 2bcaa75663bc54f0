"""Prometheus, Debian's own: it scrapes running workers, and tries the alerts and the dashboard."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen
from uuid import uuid4

import pytest
import yaml

from tests.integration.test_processes import free_port
from tests.support.foreign import create, update
from tests.support.postgresql import Migrated
from tests.support.system import ROOT, running_system
from tests.support.waiting import wait_for
from tools import dashboard
from tools.prometheus import programs, prometheus

DEPLOYED = ROOT / "deploy" / "prometheus"
RULES = yaml.safe_load((DEPLOYED / "rules.yml").read_text())["groups"][0]["rules"]
TRIED = yaml.safe_load((DEPLOYED / "rules_test.yml").read_text())["tests"]
# What Grafana puts there.
VARIABLES = {"$__rate_interval": "10s", "$component": ".*"}


def promtool(*arguments: str | Path) -> str:
    """Return what it says, or fail with that."""
    _, program = programs()
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.server
def test_promtool_finds_nothing_wrong_with_the_alerts():
    assert f"{len(RULES)} rules found" in promtool("check", "rules", DEPLOYED / "rules.yml")


@pytest.mark.server
def test_each_alert_comes_and_stays_away_as_its_test_says():
    promtool("test", "rules", DEPLOYED / "rules_test.yml")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_is_tried(rule):
    tries = [try_ for test in TRIED for try_ in test["alert_rule_test"]]
    assert [try_ for try_ in tries if try_["alertname"] == rule["alert"] and try_.get("exp_alerts")]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_names_a_place_that_says_what_to_do(rule):
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert anchor in [heading.lower().replace(" ", "-") for heading in headings]


def test_the_dashboard_is_what_its_program_writes():
    assert dashboard.PLACE.read_text() == dashboard.text()


def query(address: str, expression: str) -> list[dict[str, Any]]:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    with urlopen(f"{address}/api/v1/query?{urlencode({'query': expression})}") as answer:
        result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return result


@pytest.fixture(scope="module")
def scraped(
    amqp_url: str,
    postgresql_copies: Callable[[], Migrated],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of a Prometheus that scrapes a consumer and a relay which have done something."""
    ports, folder = (free_port(), free_port()), tmp_path_factory.mktemp("scraped")
    with (
        running_system(amqp_url, postgresql_copies().url, folder) as system,
        prometheus(ports, DEPLOYED / "rules.yml") as address,
    ):
        system.start("consume", HTTP_PORT=str(ports[0]))
        system.start("relay", HTTP_PORT=str(ports[1]))
        wait_for(lambda: len(query(address, "component_broker_connected == 1")) == 2, "both")
        sender = system.sender()
        sender.send([entity := create(timestamp=int(time.time()))])
        sender.send([update(entity.body["thing_id"], "new", timestamp=int(time.time()))])
        sender.send([update(str(uuid4()), "of nobody")])
        sender.send_raw(b"{")
        wait_for(lambda: query(address, "sum(component_published_total) >= 3"), "the events")
        yield address


def test_prometheus_has_data_for_each_expression_of_the_dashboard(scraped):
    expressions = [curve for panel in dashboard.PANELS for curve in panel.curves.values()]
    without = [text for text in expressions if not numbers(scraped, text)]
    wait_for(lambda: not [text for text in without if not numbers(scraped, text)], str(without), 10)


def numbers(address: str, expression: str) -> list[float]:
    values = [float(row["value"][1]) for row in query(address, expression)]
    return [value for value in values if value == value]


def wait_for_number(address: str, expression: str, value: float) -> None:
    """Wait for the next scrape: consumer and relay are not scraped at the same moment."""
    wait_for(lambda: numbers(address, expression) == [value], expression, 10)


def test_prometheus_shows_what_happened(scraped):
    with urlopen(f"{scraped}/api/v1/rules") as answer:
        (group,) = json.load(answer)["data"]["groups"]
    assert {rule["health"] for rule in group["rules"]} == {"ok"}
    for expression, value in {
        'sum(component_commands_total{ending="applied"})': 2,
        'sum(component_commands_total{ending="rejected",type="thing.UpdateValue"})': 1,
        'sum(component_commands_total{ending="dead",type="unknown"})': 1,
        'sum(component_published_total{kind="event"})': 3,
        "sum(component_command_age_seconds_count)": 2,
        "sum(component_batch_commands_sum)": 4,
        'max(component_dead_letters{kind="malformed"})': 1,
        "sum(component_consumer_attached)": 1,
        "sum(component_relay_leader)": 1,
        "min(component_database_available)": 1,
    }.items():
        wait_for_number(scraped, expression, value)
