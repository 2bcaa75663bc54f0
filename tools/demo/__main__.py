"""Tell the story, and exit with 1 when it does not end as it should."""

import os
import sys
from contextlib import ExitStack
from time import monotonic

from pika.exceptions import AMQPError

from tools.demo import views
from tools.demo.client import Client, delete, is_declared
from tools.demo.screen import Screen
from tools.demo.stage import Stage, stage
from tools.demo.story import NotAsPromised, Story, new_story, publish, verify, wait_until, watch
from tools.processes import ServerFailed
from tools.servers import rabbitmq
from tools.workers import WorkerFailed, worker


def main() -> int:
    """Return the exit code."""
    screen = Screen()
    started = monotonic()
    try:
        tell(screen)
    except (NotAsPromised, ServerFailed, WorkerFailed) as error:
        screen.failure(str(error))
        return 1
    except AMQPError as error:
        why = str(error) or type(error).__name__
        screen.failure(f"RabbitMQ cannot be used ({why}). Is AMQP_URL right, and is it running?")
        return 1
    except KeyboardInterrupt:
        screen.failure("Interrupted; everything that was started has been stopped.")
        return 130
    screen.success(f"Everything came out as promised, in {monotonic() - started:.0f} s.")
    return 0


def tell(screen: Screen) -> None:
    screen.title()
    story = new_story()
    with ExitStack() as stack:
        with screen.doing("Looking for a RabbitMQ") as say:
            amqp_url = stack.enter_context(rabbitmq(say))
        place = stack.enter_context(stage(amqp_url))
        with screen.doing(f"Migrating {place.database}"):
            worker(place.environment, "migrate")
        if os.environ.get("AMQP_URL"):
            stack.callback(delete, amqp_url, place.queues, place.event_exchange)
        with screen.doing("Starting the worker: a consumer and a relay"):
            stack.enter_context(place.running_worker())
            queue, exchange = place.command_queue, place.event_exchange
            wait_until(
                lambda: is_declared(amqp_url, queue), place, "the worker to declare its queue"
            )
        with screen.doing("Publishing six messages and waiting for what comes of them"):
            client = Client(amqp_url, queue, exchange)
            publish(story, client)
            watch(story, client, place)
        verify(story)
        show(screen, story, place)


def show(screen: Screen, story: Story, place: Stage) -> None:
    command = "python -m worker"
    screen.step("Published", views.published(story), "cyan", f"queue {place.command_queue}")
    exchange = f"own queue, bound to {place.event_exchange}"
    screen.step("Received by a subscriber", views.events(story), "green", exchange)
    entity = f"{command} show {story.entity_id}"
    screen.step("The entity", views.entity(story), "green", entity)
    screen.step("The duplicate changed nothing", views.duplicate(story), "blue", "reply_to")
    screen.step("Rejected", views.rejection(story), "yellow", "the event CommandRejected")
    screen.step("Dead letter", views.dead_letter(story), "red", f"{command} dead list")


if __name__ == "__main__":
    sys.exit(main())
