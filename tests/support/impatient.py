"""A worker to which 2 seconds are long: outages, silence and what is said each minute."""

from persistence import relay_session
from worker.cli import main
from worker.consumer import consumer
from worker.relay import relay, unwanted

if __name__ == "__main__":
    consumer.GIVE_BACK_AFTER = 2.0
    relay_session.SILENCE = 8.0
    relay.TOUCH_INTERVAL = relay.WATCH_INTERVAL = 0.5
    relay.STUCK_AFTER = unwanted.REPORT_INTERVAL = 1.0
    main()
