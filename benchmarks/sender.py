"""`python -m benchmarks.sender MESSAGES RATE QUEUE`: publishes at a constant rate, come what may.

It does not wait for whoever consumes; when it is late, it catches up, and the latency counts from
when a message was due. Prints when the first one was due, on the clock all processes share.
"""

import pickle
import sys
from pathlib import Path
from time import monotonic, sleep

from benchmarks.baselines.pump import Pump


def main() -> None:
    path, rate, queue = sys.argv[1:]
    messages = pickle.loads(Path(path).read_bytes())
    pump = Pump()
    pause = 1 / float(rate)
    started = monotonic() + 0.1
    for number, (properties, body) in enumerate(messages):
        wait = started + number * pause - monotonic()
        if wait > 0:
            pump.step()  # sends what is left in the buffer, answers heartbeats
            sleep(max(0, started + number * pause - monotonic()))
        pump.channel.basic_publish("", queue, body, properties)
    pump.close()
    print(started)


if __name__ == "__main__":
    main()
