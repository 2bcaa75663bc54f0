"""The benchmark tells the truth about what was reached, and does not tell what it did not see."""

from xml.etree import ElementTree

import pytest

from benchmarks.chart import chart
from benchmarks.growth import Case
from benchmarks.latency import Latency
from benchmarks.report import sheets
from benchmarks.results import Results
from benchmarks.settings import read_settings
from benchmarks.targets import targets
from benchmarks.throughput import Measurement


def measurement(rate: float, cpu: float = 1.0) -> Measurement:
    return Measurement(1.0, int(rate), {"consumer": cpu}, {"consumer": 1})


def met(results: Results) -> dict[str, bool | None]:
    return {target.name: target.is_met for target in targets(results)}


def test_nothing_measured_is_neither_met_nor_missed() -> None:
    assert set(met(Results()).values()) == {None}


@pytest.mark.parametrize(("rate", "is_met"), [(12_000, True), (11_999, False)])
def test_the_fastest_of_the_peers_is_the_one_to_beat(rate: int, is_met: bool) -> None:
    peers = {"celery": [measurement(900)], "dramatiq": [measurement(1_000)]}
    results = Results(throughput={"ours-1": [measurement(rate)], **peers})
    assert results.fastest_peer == "dramatiq"
    assert met(results)["1 consumer / fastest peer"] is is_met


def test_a_median_decides_and_not_the_best_round() -> None:
    rounds = [measurement(rate) for rate in (99_000, 3_000, 2_000)]
    results = Results(throughput={"ours-1": rounds, "dramatiq": [measurement(1_000)]})
    assert results.rate("ours-1") == 3_000
    assert met(results)["1 consumer / fastest peer"] is False


def test_latencies_are_compared_at_half_load() -> None:
    results = Results(
        throughput={"ours-1": [measurement(9_000)], "dramatiq": [measurement(1_000)]},
        latency={
            ("ours-1", "ours-1", 0.5): [Latency(0.004, 0.030, 0)],
            ("ours-1", "dramatiq", 0.5): [Latency(0.009, 0.009, 0)],
            ("dramatiq", "dramatiq", 0.5): [Latency(0.005, 0.006, 0)],
        },
    )
    assert met(results)["p50 at half load, ms"] is True
    assert met(results)["p99 at half load, ms"] is False


def test_every_case_of_growth_is_a_target() -> None:
    cases = [Case("large", rates=[(100, 79)]), Case("huge", at_least=0.5, rates=[(100, 50)])]
    assert {"large": False, "huge": True}.items() <= met(Results(growth=cases)).items()


def test_a_case_of_the_ceiling_is_no_target() -> None:
    assert "theirs" not in met(Results(growth=[Case("theirs", at_least=None, rates=[(9, 1)])]))


def test_a_missed_target_is_printed_as_missed() -> None:
    [*_, last] = sheets(Results(growth=[Case("large", rates=[(100, 79)])]))
    assert ["large", "at least 0.8", "0.79", "NO"] in last.lines


def test_the_chart_is_xml_with_a_bar_for_each_system() -> None:
    root = ElementTree.fromstring(chart("a < b", {"ours-1": 5_000.0, "plain & simple": 300.0}))
    assert len(root.findall("{http://www.w3.org/2000/svg}rect")) == 2


def test_an_unknown_part_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTS", "throughput,speed")
    with pytest.raises(SystemExit, match="PARTS: speed"):
        read_settings()
