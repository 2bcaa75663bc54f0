"""A worker whose parent has blocked signals, and will not hear how children end."""

import signal

from worker.__main__ import main

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    main()
