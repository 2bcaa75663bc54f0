"""How the story looks on the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich import box
from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from worker.console.settings import ConsoleSettings

WIDTH = 96


class Screen:
    """Prints the steps, numbered."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.console.width = min(self.console.width, WIDTH)
        self._step = 0

    def title(self) -> None:
        self.console.print("\n[bold]A DDD component behind a command queue[/]\n")

    @contextmanager
    def doing(self, what: str) -> Iterator[Callable[[str], None]]:
        """Show what is being done, then one line that it is; yields what changes the text."""
        started, last = monotonic(), what
        with self.console.status(f"{what} …") as status:

            def say(text: str) -> None:
                nonlocal last
                last = text
                status.update(f"{text} …")

            yield say
        line = Table.grid(expand=True)
        seconds = Text(f"{monotonic() - started:.1f} s", "dim", justify="right")
        line.add_row(Text.assemble(("✓ ", "green"), last), seconds)
        self.console.print(line)

    def step(self, title: str, content: RenderableType, colour: str, source: str = "") -> None:
        self._step += 1
        self.console.print(
            Panel(
                content,
                title=f"[bold {colour}]{self._step}  {title}[/]",
                title_align="left",
                subtitle=f"[dim]{source}[/]" if source else None,
                subtitle_align="right",
                border_style=colour,
                box=box.ROUNDED,
                padding=(0, 1),
            )
        )

    def success(self, sentence: str) -> None:
        self.console.print(
            f"\n[green]✓[/] [bold]{sentence}[/]\n  Next: [bold]make run[/], and its console at"
            f" {ConsoleSettings().address}\n"
        )

    def failure(self, sentence: str) -> None:
        self.console.print(Text.assemble("\n", ("✗ ", "red"), sentence, "\n"), soft_wrap=True)
