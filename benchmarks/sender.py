"""`python -m benchmarks.sender MESSAGES RATE QUEUE`: publishes at a constant rate, come what may.

It does not wait for whoever consumes; when it is late, it catches up, and the latency counts from
when a message was due. It ends when the broker has them all, and prints when the first one was due,
on the clock that all processes share, and how late the sender itself was with one in a hundred.
"""

import pickle
import sys
from pathlib import Path
from statistics import quantiles
from time import monotonic, sleep

from benchmarks.baselines.pump import Pump


def main() -> None:
    path, rate, queue = sys.argv[1:]
    messages = pickle.loads(Path(path).read_bytes())
    pump = Pump()
    pending = pump.confirm()
    pause = 1 / float(rate)
    started = monotonic() + 0.1
    late = []
    for number, (properties, body) in enumerate(messages):
        pending[number + 1] = None
        due = started + number * pause
        if monotonic() < due:
            pump.step()  # sends what is left in the buffer, answers heartbeats
            sleep(max(0, due - monotonic()))
        pump.channel.basic_publish("", queue, body, properties)
        late.append(monotonic() - due)
    while pending:
        pump.step(1)
    pump.close()
    print(started, quantiles(late, n=100)[98])


if __name__ == "__main__":
    main()
