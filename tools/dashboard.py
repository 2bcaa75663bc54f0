"""Writes the dashboard of a component for Grafana: `python -m tools.dashboard`."""

import json
from pathlib import Path
from typing import Any, NamedTuple

PLACE = Path(__file__).parents[1] / "deploy" / "grafana" / "component.json"
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDTH, _HEIGHT, _IN_A_ROW = 8, 7, 3


class Panel(NamedTuple):
    """One picture; `curves`: the legend and the expression of each. `unit` is Grafana's."""

    title: str
    unit: str
    curves: dict[str, str]


def _own(name: str) -> str:
    return f'component_{name}{{component=~"$component"}}'


def _rate(name: str, by: str) -> str:
    return f"sum by ({by}) (rate({_own(name)}[$__rate_interval]))"


def _most(name: str, by: str = "component") -> str:
    return f"max by ({by}) ({_own(name)})"


def _quantiles(name: str) -> dict[str, str]:
    rate = _rate(f"{name}_bucket", "le")
    return {f"{q:.0%}": f"histogram_quantile({q}, {rate})" for q in (0.5, 0.99)}


PANELS = (
    Panel("Oldest unsent event", "s", {"{{component}}": _most("oldest_unsent_event_seconds")}),
    Panel(
        "Oldest waiting command", "s", {"{{component}}": _most("oldest_waiting_command_seconds")}
    ),
    Panel(
        "Who works",
        "none",
        {
            "consumers": f"sum({_own('consumer_attached')})",
            "relays that lead": f"sum({_own('relay_leader')})",
        },
    ),
    Panel("Commands by ending", "ops", {"{{ending}}": _rate("commands_total", "ending")}),
    Panel("Commands by type", "ops", {"{{type}}": _rate("commands_total", "type")}),
    Panel("From publishing to commit", "s", _quantiles("command_age_seconds")),
    Panel("Messages sent", "ops", {"{{kind}}": _rate("published_total", "kind")}),
    Panel("Messages nobody took", "ops", {"{{kind}}": _rate("returned_total", "kind")}),
    Panel("Messages set aside", "ops", {"{{kind}}": _rate("unsendable_total", "kind")}),
    Panel("Outbox", "short", {"messages": _most("outbox_messages")}),
    Panel("Retries", "short", {"waiting": _most("retries_waiting")}),
    Panel("Dead letters", "short", {"{{kind}}": _most("dead_letters", "kind")}),
    Panel("Time of a batch", "s", _quantiles("batch_seconds")),
    Panel("Commands of a batch", "short", _quantiles("batch_commands")),
    Panel(
        "Log lines dropped", "ops", {"{{instance}}": _rate("log_lines_dropped_total", "instance")}
    ),
    Panel(
        "Broker",
        "none",
        {
            "{{instance}} connected": _own("broker_connected"),
            "{{instance}} blocked": _own("broker_blocked"),
            "{{instance}} reconnects": f"increase({_own('broker_reconnects_total')}[5m])",
        },
    ),
    Panel("Database available", "none", {"{{instance}}": _own("database_available")}),
    Panel("Errors of the database", "ops", {"{{kind}}": _rate("database_errors_total", "kind")}),
)


def dashboard() -> dict[str, Any]:
    """Return what Grafana imports; it asks which Prometheus to use."""
    return {
        "title": "Component",
        "uid": "ddd-component",
        "tags": ["component"],
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_source(), _components()]},
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }


def _source() -> dict[str, Any]:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _components() -> dict[str, Any]:
    return {
        "name": "component",
        "label": "Component",
        "type": "query",
        "datasource": _SOURCE,
        "query": "label_values(component_batch_seconds_count, component)",
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, _IN_A_ROW)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(65 + place), "expr": expression, "legendFormat": legend}
            for place, (legend, expression) in enumerate(panel.curves.items())
        ],
    }


def text() -> str:
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    PLACE.write_text(text())
