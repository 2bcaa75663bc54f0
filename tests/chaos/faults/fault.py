"""One kind of harm."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.scene import Scene


@dataclass(frozen=True)
class Fault:
    """`often`: how many times it comes in a pack of all faults."""

    inject: Callable[[Scene], None]
    often: int = 1

    @property
    def name(self) -> str:
        return self.inject.__name__.replace("_", " ")
