"""What `doctor` prints, and how it ends."""

import json

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.support.component import settings
from worker.amqp.declarations import declarations
from worker.cli import doctor as cli
from worker.doctor.finding import ok, wrong
from worker.doctor.report import Report

ESCAPE = "\x1b[31m"


@pytest.fixture
def patient(monkeypatch):
    """Return what makes the doctor find these, and lets the rest of the command be as it is."""

    def be(*findings, missing=0, declare=True):
        mine = settings(declare=declare)
        report = Report()
        report.take("work", findings)
        report.missing = declarations(mine)[:missing]
        monkeypatch.setattr(cli, "prepare", lambda: mine)
        monkeypatch.setattr(cli, "examine", lambda _: report)

    return be


def doctor(*options: str) -> Result:
    return CliRunner().invoke(cli.doctor, options)


def test_each_finding_is_one_line_with_the_way_out(patient):
    patient(ok("work", "It flows."), wrong("work", "It stands.", "Push it."))
    result = doctor()
    assert result.output.splitlines() == [
        "ok       work       It flows.",
        "wrong    work       It stands. Push it.",
    ]
    assert result.exit_code == 1


def test_json_is_one_document(patient):
    patient(ok("work", "It flows."), wrong("work", "It stands.", "Push it."))
    report = json.loads(doctor("--json").output)
    assert report["exit_code"] == 1
    assert report["findings"][1] == {
        "subject": "work",
        "state": "wrong",
        "sentence": "It stands.",
        "way_out": "Push it.",
    }


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_neither_secrets_nor_what_steers_a_terminal_is_shown(patient, options):
    patient(wrong("work", f"amqp://me:s3cret@host {ESCAPE}\nnext", "password=s3cret"))
    output = doctor(*options).output
    assert "s3cret" not in output
    assert "\x1b" not in output
    assert "next" in output
    assert output.count("\n") == 1


def test_a_terminal_gets_a_table(patient, monkeypatch):
    monkeypatch.setattr(cli.console, "_force_terminal", True)
    patient(wrong("work", f"[red]It stands {ESCAPE}.", "Push it."))
    with cli.console.capture() as printed:
        doctor()
    assert "[red]It stands \\x1b[31m. " in printed.get()


def test_a_wrong_setting_is_a_finding(monkeypatch):
    monkeypatch.setenv("BATCH_SIZE", "many")
    result = doctor("--json")
    (finding,) = json.loads(result.output)["findings"]
    assert (result.exit_code, finding["subject"], finding["state"]) == (1, "settings", "wrong")
    assert "BATCH_SIZE" in finding["sentence"]


@pytest.mark.parametrize("url", ["localhost:15672", "ftp://host", "http://", "http://host:port"])
def test_a_management_url_that_is_none_is_refused_by_name(monkeypatch, url):
    monkeypatch.setenv("MANAGEMENT_URL", url)
    assert "MANAGEMENT_URL" in doctor().output


def test_what_is_missing_is_printed_where_we_do_not_declare(patient):
    patient(ok("work", "It flows."), missing=2, declare=False)
    output = doctor().output
    assert '"name": "tests.events"' in output
    assert "apiVersion: rabbitmq.com/v1beta1" in output
    assert '"tests.commands"' not in output
    missing = json.loads(doctor("--json").output)["missing"]
    assert [e["name"] for e in missing["definitions"]["exchanges"]] == ["tests.events"]
    assert len([*yaml.safe_load_all(missing["topology-operator"])]) == 2


def test_nothing_is_printed_to_import_where_we_declare_ourselves(patient):
    patient(ok("work", "It flows."), missing=2)
    assert "definitions" not in doctor().output


@pytest.mark.parametrize(("path", "vhost"), [("/mine", "mine"), ("/%2F", "/"), ("", "/")])
def test_declarations_are_written_down_without_any_server(monkeypatch, path, vhost):
    monkeypatch.setenv("AMQP_URL", f"amqp://guest:guest@127.0.0.1:1{path}")
    monkeypatch.setenv("COMPONENT_NAME", "shop")
    content = json.loads(doctor("--definitions").output)
    names = [(queue["vhost"], queue["name"]) for queue in content["queues"]]
    assert names == [(vhost, "shop.commands.dead"), (vhost, "shop.commands")]
    documents = [*yaml.safe_load_all(doctor("--topology-operator").output)]
    assert [document["kind"] for document in documents] == ["Exchange", "Queue", "Queue"]
