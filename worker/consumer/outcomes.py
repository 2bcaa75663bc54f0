"""Who hears how a command has ended: everybody, and whoever asked with `reply_to`."""

from functools import cache

import structlog

from domain.messages import Event
from persistence.messages import OutgoingMessage
from persistence.outbox import Outbox
from schemas.codec import Codec
from worker.amqp.declarations import backstop_queue
from worker.consumer.envelopes import Envelopes
from worker.consumer.reading import Received
from worker.settings import Settings

log = structlog.get_logger()


class Outcomes:
    """Puts outcomes into the outbox of one unit of work."""

    def __init__(self, outbox: Outbox, codec: Codec, settings: Settings) -> None:
        self._outbox = outbox
        self._envelopes = Envelopes(codec, settings.correlation_headers)
        self._our_queues = settings.command_queue, backstop_queue(settings)

    def announce(self, received: Received, event: Event) -> OutgoingMessage:
        """Tell everybody of a rejection or a failure, and whoever asked."""
        outcome = self._envelopes.of_ending(event, received.message)
        self._outbox.add(outcome)
        self.reply(received, outcome)
        return outcome

    def answer(self, received: Received, event: Event) -> None:
        """Tell whoever asked, and nobody else."""
        self.reply(received, self._envelopes.of_ending(event, received.message))

    def reply(self, received: Received, outcome: OutgoingMessage) -> None:
        reply_to = received.message.reply_to
        if reply_to in self._our_queues:
            _say_that_we_do_not_answer_ourselves(reply_to)
        elif reply_to:
            self._outbox.add(outcome, reply_to=reply_to)


@cache
def _say_that_we_do_not_answer_ourselves(queue: str) -> None:
    log.warning("a sender's reply_to is our own queue; no replies go there", queue=queue)
