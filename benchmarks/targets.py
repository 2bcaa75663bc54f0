"""What the component wants to reach, and whether it did in this run."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.results import Results, ratio
from benchmarks.systems import PLAIN

_HALF = 0.5
_ALL = ("consumer", "relay", "broker", "database")


@dataclass(frozen=True)
class Target:
    """`is_met`: None where this run did not measure it."""

    name: str
    wanted: str
    measured: str
    is_met: bool | None


def targets(results: Results) -> Iterator[Target]:
    peer = results.rate(results.fastest_peer)
    yield at_least("1 consumer / fastest peer", 12, ratio(results.rate("ours-1"), peer))
    ours_2 = results.rate("ours-2")
    yield at_least("2 consumers / fastest peer", 16, ratio(ours_2, peer))
    yield at_least("2 consumers / ceiling", 0.7, ratio(ours_2, results.rate("ceiling-2")))
    yield from _latency(results)
    yield _cost(results)
    yield from _growth(results)
    on_sqlite = ratio(results.rate("ours on SQLite"), results.rate("plain on SQLite"))
    yield at_least("SQLite / one transaction a command", 5, on_sqlite)


def at_least(name: str, wanted: float, measured: float | None) -> Target:
    is_met = None if measured is None else measured >= wanted
    return Target(name, f"at least {wanted:g}", _number(measured), is_met)


def _latency(results: Results) -> Iterator[Target]:
    ours, peer = results.wait("ours-1", _HALF), results.wait(results.fastest_peer, _HALF)
    name = "p50 at half load, ms"
    if ours is None or peer is None:
        yield Target(name, "the peer's", _number(None), None)
        return
    yield Target(name, f"at most {_ms(peer.p50)}", _ms(ours.p50), ours.p50 <= peer.p50)
    limit = 3 * ours.p50 + 0.010
    yield Target("p99 at half load, ms", f"at most {_ms(limit)}", _ms(ours.p99), ours.p99 <= limit)


def _cost(results: Results) -> Target:
    """Compare with all that plain pika makes the machine do, as the target's own number does."""
    name = "CPU of consumer and relay / plain pika's"
    ours = results.cpu("ours-1", "consumer", "relay")
    of_all = ratio(ours, results.cpu(PLAIN, *_ALL))
    of_process = ratio(ours, results.cpu(PLAIN, "consumer"))
    if of_all is None:
        return Target(name, "at most 0.08", _number(None), None)
    measured = f"{of_all:.3f} ({_number(of_process)} of its process alone)"
    return Target(name, "at most 0.08", measured, of_all <= 0.08)


def _growth(results: Results) -> Iterator[Target]:
    if not results.growth:
        yield Target("growth, every case", "at least 0.8", _number(None), None)
    for case in results.growth:
        if case.at_least is not None:
            yield at_least(case.name, case.at_least, case.ratio)


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2f}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f}"
