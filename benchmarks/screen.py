"""What is going on, while it goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Screen:
    """One bar for the part of the benchmark, one for the run; what is finished scrolls above."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress = Progress(
            TextColumn("{task.description:<44}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False)

    @contextmanager
    def part(self, name: str, runs: int) -> Iterator[None]:
        self._part = self._progress.add_task(f"[bold]{name}", total=runs)
        try:
            yield
        finally:
            self._progress.remove_task(self._part)

    @contextmanager
    def run(self, name: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Yield what is to be told how many are done; without a `total`, the bar only moves."""
        task = self._progress.add_task(name, total=total)
        try:
            yield lambda count: self._progress.update(task, completed=count)
        finally:
            self._progress.remove_task(task)
            self._progress.advance(self._part)
