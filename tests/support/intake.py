"""An intake without a broker."""

from collections import deque
from collections.abc import Sequence

from worker.amqp.intake import Delivery


class FakeIntake:
    """Has deliveries 1 to n, and remembers which were settled."""

    def __init__(self) -> None:
        self.waiting: deque[Delivery] = deque()
        self.settled: list[int] = []
        self.kept: list[int] = []

    def __len__(self) -> int:
        return len(self.waiting)

    @property
    def ready(self) -> bool:
        return bool(self.waiting)

    def take(self, most: int) -> list[Delivery]:
        return [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self.settled += [delivery.tag for delivery in deliveries]

    def keep(self, delivery: Delivery) -> None:
        self.kept.append(delivery.tag)

    def stop(self) -> None: ...
