"""Workers with one promise taken out, to show that the checker sees it.

`MUTANT=no_inbox python -m tests.chaos.mutants consume`; `MUTANT=none` is the worker as it is.
Each `type: ignore` here marks a method that a mutant replaces: that is what a mutant is.
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pika

from persistence import locks, retries
from persistence.inbox import Inbox
from persistence.relay_session import RelaySession
from persistence.unit_of_work import UnitOfWork
from tests.sample.thing import CommandHandler, Create
from tests.support import hanging
from tests.support.misbehaving import held
from worker.cli import main
from worker.consumer import consumer
from worker.consumer.batches import Batches
from worker.consumer.storage import Storage
from worker.relay import outgoing
from worker.relay.backoff import BITE
from worker.runtime.readiness import require_schema
from worker.runtime.watchdog import Watchdog


def ack_before_commit() -> None:
    """The second batch is acknowledged first; then the process dies, as processes do."""
    take = Batches._next
    batches = []

    def early(self: Any) -> Any:
        batch, joined = take(self)
        if batch:
            batches.append(batch)
        if len(batches) == 2:
            self._intake.acknowledge([item.delivery for item in batch])
            for _ in range(5):
                self._intake._broker.step(0.1)
            os._exit(1)
        return batch, joined

    Batches._next = early  # type: ignore[method-assign]  # the mutation


def no_inbox() -> None:
    """Nobody looks up what is known, and nobody writes it down."""
    Inbox.read = lambda self, command_ids: None  # type: ignore[method-assign]  # the mutation
    Inbox.get = lambda self, command_id: None  # type: ignore[method-assign]  # the mutation
    Inbox.write = lambda self: None  # type: ignore[method-assign]  # the mutation


def publish_before_commit() -> None:
    """Events leave while the transaction is open; the second one then dies with its process."""
    write = UnitOfWork._write
    batches = []

    def leak(self: Any) -> None:
        write(self)
        batches.append(self)
        if len(batches) == 2:
            parameters = pika.URLParameters(os.environ["AMQP_URL"])
            with pika.BlockingConnection(parameters) as connection:
                for row in self.outbox._rows:
                    properties = pika.BasicProperties(
                        type=row["type"], message_id=row["message_id"], headers={}
                    )
                    exchange = f"{os.environ['COMPONENT_NAME']}.events"
                    connection.channel().basic_publish(
                        exchange, "", row["body"].encode(), properties
                    )
            os._exit(1)

    UnitOfWork._write = leak  # type: ignore[method-assign]  # the mutation


def relay_without_lock() -> None:
    """Every relay believes that it is the only one."""
    locks._AdvisoryLock.acquire = lambda self, *, wait: True  # type: ignore[method-assign]  # the mutation


def delete_past_a_nack() -> None:
    """Whatever is confirmed is deleted, whether what came before it is or not."""
    send, bites = outgoing.Events._send, Counter[str]()

    def in_large_bites(self: Any, *arguments: Any, **options: Any) -> None:
        if bites["large"] < 6:  # small bites, after the first nack, would hide the harm by luck
            self._backoff.bite = BITE
        send(self, *arguments, **options)
        bites["large"] += bool(self._sent)

    outgoing.Events._send = in_large_bites  # type: ignore[method-assign]  # the mutation
    outgoing.deletable = lambda sent: [  # type: ignore[assignment]  # the mutation
        row.id for row, sending in sent if sending.confirmed
    ]


def inbox_without_condition() -> None:
    """What is known of a command is changed by whoever comes, whatever it has become."""
    Inbox._hold = lambda self: None  # type: ignore[method-assign]  # the mutation


def retry_deleted_at_the_confirm() -> None:
    """A retry is forgotten as soon as the queue has it."""

    def delete(self: Any, ids: Any) -> None:
        self._delete(retries.retries, ids)

    RelaySession.sent_retries = delete  # type: ignore[method-assign]  # the mutation


def no_watchdog() -> None:
    """Whoever hangs goes on hanging, and keeps what it has taken."""
    Watchdog.look = lambda self: None  # type: ignore[method-assign]  # the mutation


def back_after_a_read() -> None:
    """The database is believed to be back as soon as it can be read."""
    Storage._try = lambda self: require_schema(self._database)  # type: ignore[method-assign]  # the mutation


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant
    for mutant in (
        ack_before_commit,
        no_inbox,
        publish_before_commit,
        relay_without_lock,
        delete_past_a_nack,
        inbox_without_condition,
        retry_deleted_at_the_confirm,
        no_watchdog,
        back_after_a_read,
    )
}

if __name__ == "__main__":
    if "HANG_AT" in os.environ:
        hanging.arm()
    if os.environ["MUTANT"] != "none":
        MUTANTS[os.environ["MUTANT"]]()
    if "HOLD" in os.environ:
        CommandHandler._methods[Create] = held(CommandHandler.create)
    if "GIVE_BACK_AFTER" in os.environ:
        consumer.GIVE_BACK_AFTER = float(os.environ["GIVE_BACK_AFTER"])
    retries.LEASE = timedelta(seconds=1)  # so that nobody waits for long
    main()
