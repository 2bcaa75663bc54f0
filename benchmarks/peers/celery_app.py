"""Celery: a task, acknowledged late, on a quorum queue, in forked processes."""

import json
import os

from celery import Celery

from benchmarks.peers.publishing import commands, work

app = Celery("bench", broker=os.environ["AMQP_URL"].replace("amqp://", "pyamqp://", 1))
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_default_queue=f"{os.environ['COMPONENT_NAME']}.commands",
    task_default_queue_type="quorum",
    worker_detect_quorum_queues=True,
    worker_prefetch_multiplier=10,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
)


@app.task(name="entity.UpdateValue")
def update_value(body: str) -> None:
    work(json.loads(body))


if __name__ == "__main__":
    with app.producer_or_acquire() as producer:
        for command in commands():
            update_value.apply_async((command,), producer=producer)
