"""A bar on a terminal, while lines are read."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from worker.cli.talk import errors


@contextmanager
def progress(told: object, fileno: int) -> Iterator[Callable[[int], None]]:
    """Give what counts the bytes that were read from a file, and shows what is told by then."""
    file = os.fstat(fileno)
    columns = BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    bar = Progress(
        *columns,
        console=errors,
        disable=not errors.is_terminal,
        transient=True,
        redirect_stdout=False,  # which may be a file
        redirect_stderr=False,
    )
    with bar:
        task = bar.add_task("", total=file.st_size if stat.S_ISREG(file.st_mode) else None)

        def advance(count: int) -> None:
            if not bar.disable:
                bar.update(task, advance=count, description=str(told))

        yield advance
