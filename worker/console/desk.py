"""What all pages work with."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from persistence.database import Database
from worker.catalog.document import document
from worker.component import Aggregate
from worker.composition import compose
from worker.console.live import Live
from worker.console.replays import Replays
from worker.console.samples import Samples
from worker.console.settings import ConsoleSettings
from worker.settings import Settings


class Desk:
    """The component, and a database of its own to read: a page must not keep a writer waiting."""

    def __init__(
        self,
        settings: Settings,
        console: ConsoleSettings,
        aggregates: Sequence[Aggregate] | None = None,
    ) -> None:
        self.settings = settings
        self.console = console
        self.name = settings.component_name
        self.component = compose(settings, aggregates)
        self.reader = Database(settings.database_url, settings.database_deadline, read_only=True)
        self.replays = Replays(lambda: compose(settings, aggregates))
        self.samples = Samples(settings)
        self.live = Live(settings)

    @cached_property
    def document(self) -> dict[str, Any]:
        """What `catalog` prints: every message and its schema."""
        return document(self.component, "0.0.0")

    def close(self) -> None:
        """Let what works beside the pages end, and close what is open."""
        for part in (self.replays, self.samples, self.live):
            part.close()
        self.component.database.dispose()
        self.reader.dispose()
