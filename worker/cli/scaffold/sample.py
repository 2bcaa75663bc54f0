"""What a new aggregate is made from: the sample's own files and its entry, by renaming."""

from collections.abc import Iterator
from pathlib import Path

import click

from persistence.columns import metadata
from persistence.tables import NextMigration, load_all_tables, tables_of
from worker.cli.scaffold import renaming
from worker.cli.scaffold.entry import FILE, Entries
from worker.cli.scaffold.names import Name

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = "entity"
# Folders and files that belong to an aggregate, as those of the sample are called.
FILES = (
    "domain/entity",
    "schemas/entity.py",
    "persistence/entity",
    "tests/features/entity.feature",
    "tests/features/test_entity.py",
    "examples/entity.py",
)
# What is tried with the sample only. It goes with the sample; nothing is made from it.
TRIED_WITH_THE_SAMPLE = (
    "contract/0.1.0.json",
    "contract/samples",
    "tests/chaos/test_clients.py",
    "tests/unit/test_entity.py",
    "tests/unit/test_wire_format_page.py",
    "tests/unit/worker/cli/scaffold/test_sample.py",
    "tests/unit/worker/cli/scaffold/test_scaffold.py",
    "tests/integration/test_examples.py",
    "tests/integration/test_libraries.py",
    "tests/integration/test_tutorial.py",
)

# The one scenario that is red until its author replaces it.
RULE = {
    ".feature": """
  Scenario: The rule of an entity
    Given an entity
    When somebody asks for what its rule forbids
    Then the command is refused
""",
    ".py": """

@when("somebody asks for what its rule forbids")
def its_rule_is_broken() -> None:
    pytest.fail(
        "Say in entity.feature what is refused, and with which code;"
        " then write the rule into"
        " domain/entity/entity.py"
    )


@then("the command is refused")
def the_command_is_refused(world: World) -> None:
    assert world.error is not None
""",
}


def paths(name: Name) -> list[str]:
    """Return the folders and files of an aggregate."""
    more = TRIED_WITH_THE_SAMPLE if name.package == SAMPLE else ()
    return [*(renaming.renamed_path(path, name) for path in FILES), *more]


def files(name: Name) -> list[str]:
    """Return the files of an aggregate that are there."""
    return [file for path in paths(name) for file in _files_at(path)]


def holds(path: str, text: str | None) -> bool:
    """Tell whether a file is there and holds this text."""
    file = ROOT / path
    return text is not None and file.is_file() and file.read_bytes() == text.encode()


def missing() -> str | None:
    """Return what is not there of the sample, if anything."""
    return next((path for path in FILES if not _files_at(path)), None)


def sources() -> dict[str, str]:
    """Return the sample's files, with the scenario that is left to the author."""
    if gone := missing():
        raise click.ClickException(
            f"A new aggregate is made from the sample, and there is no {gone} here: bring it"
            " back from the history, or work in a whole clone."
        )
    texts = {file: (ROOT / file).read_text() for path in FILES for file in _files_at(path)}
    for path, text in texts.items():
        if path.startswith("tests/"):
            texts[path] = text + RULE[Path(path).suffix]
    return texts


def drafts(name: Name) -> dict[str, str]:
    """Return the files of a new aggregate, not formatted yet."""
    return {
        renaming.renamed_path(path, name): (
            renaming.renamed_python(text, name)
            if path.endswith(".py")
            else renaming.renamed_sentences(text, name)
        )
        for path, text in sources().items()
    }


def migration(name: Name, number: NextMigration) -> str:
    """Return the migration that makes the tables of a new aggregate, not formatted yet."""
    made = number.making(tables_of(ROOT / "persistence" / SAMPLE), "Entities have a table")
    return renaming.renamed_python(made, name)


def aggregates_with(name: Name) -> str:
    """Return the file that lists the aggregates with one more, not formatted yet."""
    entries = Entries((ROOT / FILE).read_text())
    parts = entries.entry(SAMPLE), entries.imports(SAMPLE)
    entry, imports = (renaming.renamed_python(part, name) for part in parts)
    return entries.with_entry(entry, imports)


def obstacles(name: Name) -> Iterator[str]:
    """Give what stands in the way of a new aggregate of this name, a sentence each."""
    for path in paths(name):
        beside = path.removesuffix(".py") if path.endswith(".py") else f"{path}.py"
        yield from (f"{there} is there already" for there in (path, beside) if _files_at(there))
    load_all_tables()
    if name.table in metadata.tables:
        yield f"there is a table {name.table} already"
    for path, text in sources().items():
        if path.endswith(".py") and (twice := renaming.ambiguous(text, name)):
            yield f"`{min(twice)}` means something else in {path}, which it is made from"


def _files_at(path: str) -> list[str]:
    """Return the file, or those in the folder, but what Python has compiled."""
    return [
        str(file.relative_to(ROOT))
        for file in sorted([ROOT / path, *(ROOT / path).rglob("*")])
        if file.is_file() and "__pycache__" not in file.parts
    ]
