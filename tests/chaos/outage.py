"""One thing wrong for a while, under load: `python -m tests.chaos.outage --seconds 180`."""

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import click

from tests.chaos.scene import CONSUMERS, RELAYS, Scene, staged
from tests.support.checker import check
from tests.support.foreign import update
from tests.support.health import get
from tests.support.waiting import hold, wait_for


@dataclass
class Recovery:
    """Events a second before, and how many seconds after the server's return they were back."""

    rate: float
    seconds: float


def outage(scene: Scene, server: str, seconds: float) -> Recovery:
    """Take a server away; assert that it costs time and nothing else.

    `server`: `broker`, `database`, or `database, for writing`.
    """
    rate, processes = _steady_rate(scene, 5), dict(scene.processes)
    words = server.partition(",")[0]
    before = _said(scene, words)
    _take_away(scene, server, seconds)
    returned = monotonic()
    wait_for(lambda: _rate(scene, 1) >= 0.8 * rate, "events as fast as before", 60)
    recovery = Recovery(rate, monotonic() - returned)
    wait_for(lambda: _ready(scene) == {200}, "everybody ready", 30)

    assert scene.processes == processes
    assert all(process.code is None for process in processes.values()), "a process has ended"
    assert scene.system.count("dead_letters") == 0
    said = _said(scene, words) - before
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
    with _away(scene, server):
        gone = monotonic()
        wait_for(lambda: 503 in _ready(scene), "somebody not ready")
        wait_for(lambda: _ready(scene) == {503}, "nobody ready")
        hold(max(0.0, gone + seconds - monotonic()))
        assert _ready(scene) == {503}


@contextmanager
def _away(scene: Scene, server: str) -> Iterator[None]:
    if server == "database, for writing":
        with scene.system.only_reading():
            yield
        return
    target = getattr(scene, server)
    target.kill()
    yield
    target.start()


def locked_row(scene: Scene, seconds: float) -> Recovery:
    """Lock the busiest thing; assert that only its own commands wait, and that it is told once."""
    rate, hot = _steady_rate(scene, 5), scene.sender.hot
    with scene.system.locked_row("sample_things", hot):
        locked = monotonic()
        wait_for(lambda: _logged(scene, "a command waits for a lock"), "somebody who waits")
        while monotonic() < locked + seconds:
            assert _rate(scene, 5) > 0.2 * rate, "the others wait, too"
        stuck = _version(scene, hot)
    returned = monotonic()
    wait_for(lambda: _version(scene, hot) > stuck, "a change of the thing", 60)
    recovery = Recovery(rate, monotonic() - returned)
    wait_for(lambda: _logged(scene, "no command waits") >= _logged(scene, "a command waits"), "end")
    assert _logged(scene, "a command waits for a lock") <= len(CONSUMERS)
    assert scene.system.count("dead_letters") == 0
    return recovery


def frozen_relay(scene: Scene, seconds: float) -> Recovery:
    """Stop the relay that works, for good, as far as the other can know."""
    leader, other = RELAYS
    scene.kill(other)
    rate = _steady_rate(scene, 5)
    scene.start(other)
    wait_for(lambda: get(scene.ports[other], "/readyz")[0] == 200, "a relay that stands by")
    scene.processes[leader].signal(signal.SIGSTOP)
    frozen = monotonic()
    wait_for(lambda: get(scene.ports[other], "/readyz")[0] == 503, "a doubt", 60)
    wait_for(lambda: _rate(scene, 1) >= 0.8 * rate, "events again", 120)
    recovery = Recovery(rate, monotonic() - frozen)
    scene.processes[leader].signal(signal.SIGCONT)
    assert scene.system.count("dead_letters") == 0
    return recovery


def hanging_handler(scene: Scene, seconds: float) -> Recovery:
    """Send a command that no handler ever returns from; the others go on."""
    rate = _steady_rate(scene, 5)
    scene.worker = "tests.support.misbehaving"  # those that come after a death, too
    for role in CONSUMERS:
        scene.kill(role)
        scene.start(role)
    poison, sent = update(scene.sender.hot, "hang"), monotonic()
    scene.system.send_to(scene.system.queue, poison)

    def is_dead() -> bool:
        scene.keep_running()
        return scene.system.count("dead_letters") == 1

    wait_for(is_dead, "the dead letter", 900, every=0.5)
    kind, command_id = scene.system.query("SELECT kind, command_id FROM dead_letters")[0]
    letter = kind, str(command_id)
    assert letter == ("crash", poison.command_id), letter
    _forget(scene, poison.command_id)
    wait_for(lambda: _rate(scene, 1) >= 0.8 * rate, "events as fast as before", 60)
    return Recovery(rate, monotonic() - sent)


def _forget(scene: Scene, command_id: str) -> None:
    """Remove what there is of a command that the sender knows nothing of, before all is counted."""
    scene.system.execute("DELETE FROM dead_letters")
    scene.system.execute(f"DELETE FROM inbox WHERE command_id = '{command_id}'")
    wait_for(lambda: scene.system.count("outbox") < 100, "its failure to be announced")
    heard = scene.subscriber.heard
    heard[:] = [event for event in heard if event.body["command_id"] != command_id]


def _logged(scene: Scene, words: str) -> int:
    return sum(process.log().count(words) for process in scene.processes.values())


def _version(scene: Scene, thing: str) -> int:
    (row,) = scene.system.query("SELECT version FROM sample_things WHERE id = :id", id=thing)
    return int(str(row[0]))


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
    """Take each server away for so long, and worse, and tell what came of it."""
    with staged("worker") as scene:
        wait_for(lambda: scene.subscriber.distinct() > 100, "the traffic", 60)
        for server in ("database", "broker", "database, for writing"):
            print(server, outage(scene, server, seconds), flush=True)
        for trial in (locked_row, frozen_relay, hanging_handler):
            print(trial.__name__, trial(scene, seconds), flush=True)
        scene.settle(600)
        problems = check(scene.system, scene.sender.sent, scene.subscriber.heard).problems
    print(*problems or ["nothing lost, doubled, out of order or dead"], sep="\n")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
