"""`doctor`: what is wrong, and the way out."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from worker.amqp.declarations import Declaration, declarations, virtual_host
from worker.amqp.definitions import definitions, topology_operator
from worker.cli.processes import prepare
from worker.doctor.examination import examine
from worker.doctor.finding import OK, UNKNOWN, WARNING, WRONG, Finding
from worker.doctor.report import Report
from worker.doctor.settings import unreadable
from worker.exceptions import SettingsError
from worker.runtime.showing import harmless, json_text, without_secrets
from worker.settings import Settings

console = Console()

_STYLES = {OK: "green", WARNING: "yellow", WRONG: "bold red", UNKNOWN: "magenta"}
_FORMS = {"definitions": definitions, "topology-operator": topology_operator}


@click.command(short_help="Look at everything, and say what is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--definitions",
    "form",
    flag_value="definitions",
    help="Only print what must be declared, for rabbitmqctl import_definitions.",
)
@click.option(
    "--topology-operator",
    "form",
    flag_value="topology-operator",
    help="Only print what must be declared, for RabbitMQ's Topology Operator.",
)
def doctor(as_json: bool, form: str | None) -> None:
    """Look at settings, broker, topology, database, processes and work.

    Exit code 0: nothing is wrong; 1: something is; 2: something could not be looked at.
    """
    try:
        settings = prepare()
    except SettingsError as error:
        report = Report()
        report.take("settings", [unreadable(error)])
        written = {}
    else:
        if form:
            click.echo(_written(declarations(settings), settings)[form], nl=False)
            return
        report = examine(settings)
        written = {} if settings.declare else _written(report.missing, settings)
    _show(report, written, as_json)
    sys.exit(report.exit_code)


def _written(wanted: Sequence[Declaration], settings: Settings) -> dict[str, str]:
    """Return, by form, what somebody else shall declare; nothing where nothing is missing."""
    vhost = virtual_host(settings.amqp_url)
    return {name: form(wanted, vhost) for name, form in _FORMS.items()} if wanted else {}


def _show(report: Report, written: dict[str, str], as_json: bool) -> None:
    if as_json:
        click.echo(json_text(_content(report, written)))
        return
    if console.is_terminal:
        console.print(_table(report.findings))
    else:
        for finding in report.findings:
            words = finding.state.ljust(8), finding.subject.ljust(10), _line(finding)
            click.echo(" ".join(words))
    for form, text in written.items():
        click.echo(f"\nMissing, as `doctor --{form}` would print it:\n\n{text}", nl=False)


def _content(report: Report, written: dict[str, str]) -> dict[str, Any]:
    return {
        "exit_code": report.exit_code,
        "findings": [
            {name: _shown(value) for name, value in finding._asdict().items()}
            for finding in report.findings
        ],
        "missing": {
            form: json.loads(text) if form == "definitions" else text
            for form, text in written.items()
        },
    }


def _table(findings: Sequence[Finding]) -> Table:
    table = Table("", "subject", Column("finding", ratio=1))
    for finding in findings:
        state = Text(finding.state, _STYLES[finding.state])
        said = Text(_shown(finding.sentence))
        if finding.way_out:
            said.append(f" {_shown(finding.way_out)}", "dim")
        table.add_row(state, finding.subject, said)
    return table


def _line(finding: Finding) -> str:
    return _shown(f"{finding.sentence} {finding.way_out}".strip())


def _shown(text: str) -> str:
    return harmless(without_secrets(text))
