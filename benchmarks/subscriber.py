"""`python -m benchmarks.subscriber QUEUE NUMBER FILE`: takes events and notes when each came."""

import gc
import pickle
import sys
from pathlib import Path
from time import monotonic

from benchmarks.baselines.pump import Pump


def main() -> None:
    queue, number, path = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    gc.disable()  # what it keeps is kept to the end; looking through it would only cost time
    came = []
    pump = Pump()
    pump.channel.basic_consume(
        queue,
        lambda _, __, properties, body: came.append((monotonic(), properties, body)),
        auto_ack=True,
    )
    print("ready", flush=True)
    while len(came) < number:
        pump.step(1)
    path.write_bytes(pickle.dumps(came))
    pump.close()


if __name__ == "__main__":
    main()
