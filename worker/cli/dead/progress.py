"""What a person sees while many letters are replayed."""

from types import TracebackType
from typing import Self

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from persistence.operations import Operation
from worker.cli import listing
from worker.cli.dead.operations import summary

QUIET = 10.0  # seconds without news after which somebody should know why


class Watching:
    """Shows an operation as it goes on: a bar on a terminal, else a line a batch."""

    def __init__(self) -> None:
        console = listing.console
        self._has_bar = console.is_terminal
        columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False)
        self._progress = Progress(*columns, console=console, disable=not self._has_bar)
        self._task = self._progress.add_task("", total=None)
        self._told: int | None = None
        self._was_quiet = False

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, operation: Operation, quiet: float) -> None:
        self._show(operation)
        if quiet > QUIET and not self._was_quiet:
            self._tell(
                f"For {QUIET:.0f} seconds nothing has come of {operation.waiting} commands. Do a"
                " relay and a consumer run? Ctrl-C ends this; what was sent stays sent."
            )
        self._was_quiet = quiet > QUIET

    def _show(self, operation: Operation) -> None:
        ended = operation.sent - operation.waiting + operation.skipped
        line = summary(operation)
        self._progress.update(self._task, total=operation.asked, completed=ended, description=line)
        if not self._has_bar and operation.sent != self._told:
            self._told = operation.sent
            self._tell(line)

    def _tell(self, line: str) -> None:
        if self._has_bar:
            self._progress.console.print(line, markup=False)
        else:
            click.echo(line, err=True)
