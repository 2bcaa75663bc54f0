"""The settings: whether the parts fit together, and the numbers make sense."""

from collections.abc import Iterator

from persistence.exceptions import MappingError
from schemas.exceptions import CatalogueError
from worker.composition import compose
from worker.doctor.finding import Finding, ok, warning, wrong
from worker.exceptions import SettingsError
from worker.settings import Settings

SUBJECT = "settings"


def unreadable(error: SettingsError) -> Finding:
    return wrong(SUBJECT, f"{str(error).rstrip('.')}.", "Correct this variable.")


def examine(settings: Settings) -> Iterator[Finding]:
    try:
        component = compose(settings)
    except SettingsError as error:
        yield unreadable(error)
    except (CatalogueError, MappingError) as error:
        sentence = f"The aggregates do not fit together: {error}."
        yield wrong(SUBJECT, sentence, "See docs/mistakes.md.")
    else:
        names = ", ".join(aggregate.name for aggregate in component.aggregates)
        yield ok(SUBJECT, f"They can be read; {settings.component_name} has {names}.")
    if settings.prefetch_count < settings.batch_size:
        yield warning(
            SUBJECT,
            f"PREFETCH_COUNT ({settings.prefetch_count}) is less than BATCH_SIZE"
            f" ({settings.batch_size}): no batch will be larger than it.",
            "Set PREFETCH_COUNT to twice BATCH_SIZE.",
        )
