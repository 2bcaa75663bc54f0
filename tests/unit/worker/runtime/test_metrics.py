"""What `/metrics` shows before, and after, something has happened."""

from prometheus_client import generate_latest

from persistence.endings import ENDINGS
from worker.runtime.metrics import Metrics


def shown(metrics: Metrics) -> set[str]:
    """Return the lines that are no comments and say nothing of when a counter began."""
    lines = generate_latest(metrics.registry).decode().splitlines()
    return {line for line in lines if not line.startswith("#") and "_created{" not in line}


def test_commands_are_counted_from_0_for_each_type_and_ending():
    lines = shown(Metrics("shop", ["account.Open"]))
    for type_ in ("account.Open", "unknown"):
        for ending in ENDINGS:
            labels = f'component="shop",ending="{ending}",type="{type_}"'
            assert f"component_commands_total{{{labels}}} 0.0" in lines


def test_messages_are_counted_from_0_for_each_kind():
    lines = shown(Metrics("shop"))
    for name in ("published", "returned", "unsendable"):
        for kind in ("event", "reply", "retry"):
            assert f'component_{name}_total{{component="shop",kind="{kind}"}} 0.0' in lines


def test_every_metric_names_its_component():
    metrics = Metrics("shop")
    metrics.ask_gauge("level", "Some level.", lambda: 1)
    for line in shown(metrics):
        assert line.startswith("component_")
        assert 'component="shop"' in line


def test_a_type_that_a_sender_invents_makes_no_label():
    metrics = Metrics("shop", ["account.Open"])
    metrics.settled("account.Open", "applied", 2)
    for number in range(3):
        metrics.settled(f"invented-{number}", "dead", 1)
    metrics.settled(None, "dead", 1)
    told = {line for line in shown(metrics) if "commands_total" in line and " 0.0" not in line}
    assert told == {
        'component_commands_total{component="shop",ending="applied",type="account.Open"} 2.0',
        'component_commands_total{component="shop",ending="dead",type="unknown"} 4.0',
    }


def test_what_is_asked_for_is_asked_each_time():
    metrics, levels = Metrics("shop"), iter([1, 2])
    metrics.ask_gauge("level", "Some level.", lambda: next(levels))
    assert 'component_level{component="shop"} 1.0' in shown(metrics)
    assert 'component_level{component="shop"} 2.0' in shown(metrics)


def test_what_is_not_known_is_not_shown():
    metrics = Metrics("shop")
    metrics.ask_gauge("level", "Some level.", lambda: None)
    assert not [line for line in shown(metrics) if "level" in line]


def test_what_somebody_else_counts_is_shown_by_label():
    metrics = Metrics("shop")
    metrics.ask_counter("faults", "Some faults.", lambda: {"small": 1, "large": 2}, "kind")
    assert {line for line in shown(metrics) if "faults" in line} == {
        'component_faults_total{component="shop",kind="small"} 1.0',
        'component_faults_total{component="shop",kind="large"} 2.0',
    }


def test_many_of_one_age_are_counted_at_once():
    metrics = Metrics("shop")
    metrics.ages.observe(1.0, 3)
    metrics.ages.observe(1e6, 2)
    lines = {line for line in shown(metrics) if "command_age" in line}
    assert 'component_command_age_seconds_bucket{component="shop",le="1.0"} 3.0' in lines
    assert 'component_command_age_seconds_bucket{component="shop",le="86400.0"} 3.0' in lines
    assert 'component_command_age_seconds_bucket{component="shop",le="+Inf"} 5.0' in lines
    assert 'component_command_age_seconds_sum{component="shop"} 2.000003e+06' in lines
