"""A consumer that gives deliveries back after 2 seconds of outage, not after minutes."""

from worker import consumer
from worker.cli import main

if __name__ == "__main__":
    consumer.GIVE_BACK_AFTER = 2.0
    main()
