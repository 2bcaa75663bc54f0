"""`python -m worker …`: answers signals from the first moment on; the heavy imports come after."""

import os
import signal
import sys
from types import FrameType

PROCESSES = ("run", "consume", "relay")


def main() -> None:
    """Run the command line. As process 1, we would be deaf to signals until it is imported."""
    # Who started us may have blocked signals, or not want to hear how its children end.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` sets it
            signal.signal(number, _end)
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)  # left alone, they would end or stop us
    from worker.cli import main as command_line  # noqa: PLC0415 - it takes a second

    command_line()


def _end(number: int, frame: FrameType | None) -> None:
    """End well what had not taken anything yet; what was to do something has not done it."""
    os._exit(0 if sys.argv[1:2] in ([name] for name in PROCESSES) else 128 + number)


if __name__ == "__main__":
    main()
