"""One server away for a while, under load: `python -m tests.chaos.outage --seconds 180`."""

import sys
from collections import Counter
from dataclasses import dataclass
from time import monotonic

import click

from tests.chaos.scene import RELAYS, Scene, staged
from tests.support.checker import check
from tests.support.health import get
from tests.support.waiting import hold, wait_for


@dataclass
class Recovery:
    """Events a second before, and how many seconds after the server's return they were back."""

    rate: float
    seconds: float


def outage(scene: Scene, server: str, seconds: float) -> Recovery:
    """Take a server (`broker` or `database`) away; assert that it costs time and nothing else."""
    rate, processes = _steady_rate(scene, 5), dict(scene.processes)
    before = _said(scene, server)
    _take_away(scene, server, seconds)
    returned = monotonic()
    wait_for(lambda: _rate(scene, 1) >= 0.8 * rate, "events as fast as before", 60)
    recovery = Recovery(rate, monotonic() - returned)
    wait_for(lambda: _ready(scene) == {200}, "everybody ready", 30)

    assert scene.processes == processes
    assert all(process.code is None for process in processes.values()), "a process has ended"
    assert scene.system.count("dead_letters") == 0
    said = _said(scene, server) - before
    for role in processes:
        # Of the relays only one works, so only that one sees the broker come back, or even go.
        standing_by = server == "broker" and role in RELAYS
        for end in ("away", "back"):
            assert said[role, end] == 1 or (standing_by and said[role, end] == 0), said
    return recovery


def _said(scene: Scene, server: str) -> Counter[tuple[str, str]]:
    """Return how often each process has said that the server went, or came."""
    return Counter(
        {
            (role, end): process.log().count(f"the {server} is {end}")
            for role, process in scene.processes.items()
            for end in ("away", "back")
        }
    )


def _take_away(scene: Scene, server: str, seconds: float) -> None:
    target = getattr(scene, server)
    target.kill()
    killed = monotonic()
    wait_for(lambda: 503 in _ready(scene), "somebody not ready")
    wait_for(lambda: _ready(scene) == {503}, "nobody ready")
    hold(max(0.0, killed + seconds - monotonic()))
    assert _ready(scene) == {503}
    target.start()


def _ready(scene: Scene) -> set[int]:
    return {get(port, "/readyz")[0] for port in scene.ports.values()}


def _steady_rate(scene: Scene, seconds: float) -> float:
    """Return how many events a second come of the commands of now, a backlog's left out."""
    sent = len(scene.sender.sent)
    heard = _rate(scene, seconds)
    return min(heard, (len(scene.sender.sent) - sent) / seconds)


def _rate(scene: Scene, seconds: float) -> float:
    """Return how many events a second were heard for so long."""
    heard = scene.subscriber.distinct()
    hold(seconds)
    return (scene.subscriber.distinct() - heard) / seconds


@click.command()
@click.option("--seconds", default=180.0, show_default=True)
def main(seconds: float) -> None:
    """Take each server away for so long, and tell what came of it."""
    with staged() as scene:
        wait_for(lambda: scene.subscriber.distinct() > 100, "the traffic", 60)
        for server in ("database", "broker"):
            print(server, outage(scene, server, seconds), flush=True)
        scene.settle(600)
        problems = check(scene.system, scene.sender.sent, scene.subscriber.heard).problems
    print(*problems or ["nothing lost, doubled, out of order or dead"], sep="\n")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
