"""`remove aggregate NAME`: the inverse of `new`, once nothing of the aggregate is left."""

from collections.abc import Collection

import click

from persistence.database import Database
from persistence.leftovers import revisions
from persistence.tables import NextMigration, tables_of
from worker.cli.processes import prepare
from worker.cli.scaffold import refusals, sample
from worker.cli.scaffold.changes import Changes
from worker.cli.scaffold.entry import FILE, Entries
from worker.cli.scaffold.formatting import formatted
from worker.cli.scaffold.history import kept_by_git
from worker.cli.scaffold.names import Name, parse
from worker.cli.scaffold.new import dry_run_option

NO_GIT = "Nothing here is under git: what is deleted cannot be brought back."


@click.group(short_help="Remove an aggregate.")
def remove() -> None:
    """Remove what is not wanted any more."""


@remove.command("aggregate", short_help="Remove an aggregate.")
@click.argument("name")
@dry_run_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove_aggregate(name: str, dry_run: bool, yes: bool) -> None:
    """Remove an aggregate: its files, its entry and, by a migration, its table.

    Refused while the database at DATABASE_URL has rows, events, retries or dead letters of it.
    """
    called = parse(name)
    _require_there(called)
    removal = _removal(called)
    changes = Changes(sample.ROOT, removal.texts)
    changes.show()
    for path in refusals.other_importers(called):
        click.echo(f"{'keep':>12}  {path}, which imports it: yours to change")
    if dry_run:
        click.echo("Nothing was changed.")
        return
    if removal.kept is None:
        click.echo(NO_GIT)
    if not yes:
        click.confirm(f"Remove {called.package}?", abort=True)
    changes.make()
    click.echo(
        f"Commands of {called.package} that still come become dead letters (unknown-type)."
        f" {removal.advice}"
    )


def _require_there(name: Name) -> None:
    packages = Entries((sample.ROOT / FILE).read_text()).packages
    if name.package not in packages:
        raise click.ClickException(
            f"There is no aggregate {name.package}; there are: {', '.join(packages) or 'none'}."
            " Nothing was changed."
        )


def _removal(name: Name) -> "_Removal":
    """Return what is to be done, or refuse it."""
    refusals.require_unused(name)
    settings = prepare()
    with Database(settings.database_url, settings.database_deadline, read_only=True) as database:
        refusals.require_nothing_left(name, database)
        applied = revisions(database)
    removal = _Removal(name, applied)
    refusals.require_kept(removal.files, removal.made, removal.kept)
    return removal


class _Removal:
    """What a removal does. `kept`: the files that git could bring back, None without git."""

    def __init__(self, name: Name, applied: Collection[str]) -> None:
        """`applied`: the newest migrations that the database has."""
        self._name = name
        self._newest = NextMigration(instead_of_newest=True)
        self._migration = self._newest.path(name.package)
        self._is_applied = self._newest.revision in applied
        self.files = sample.files(name)
        self.kept = kept_by_git(sample.ROOT, [*sample.paths(name), self._migration])
        self.made = self._as_new_makes_it()
        self.texts = self._texts()

    @property
    def advice(self) -> str:
        """Return what a person has to know of the table."""
        drops = [path for path, text in self.texts.items() if text and path != FILE]
        if drops:
            return f"Before `python -m worker migrate`, read {drops[0]}."
        return "The migration that makes its table was neither applied nor committed: it goes too."

    def _texts(self) -> dict[str, str | None]:
        texts = {FILE: Entries((sample.ROOT / FILE).read_text()).without_entry(self._name.package)}
        gone = list(self.files)
        if self._was_nowhere():
            gone.append(self._migration)
        else:
            number = NextMigration()
            tables = tables_of(sample.ROOT / "persistence" / self._name.package)
            texts[number.path(f"{self._name.package}_removed")] = number.dropping(
                tables, f"{self._name.plural_words.capitalize()} have no table any more"
            )
        return {**formatted(sample.ROOT, texts), **dict.fromkeys(gone)}

    def _was_nowhere(self) -> bool:
        """Tell whether the newest migration makes the table, and nobody else has seen it."""
        if self.kept is None or self._migration in self.kept or self._is_applied:
            return False
        return sample.holds(self._migration, self.made.get(self._migration))

    def _as_new_makes_it(self) -> dict[str, str]:
        """Return what `new` would write, with the newest migration where that could be its own."""
        if self._name.package == sample.SAMPLE or sample.missing():
            return {}
        migration = sample.migration(self._name, self._newest)
        return formatted(sample.ROOT, {**sample.drafts(self._name), self._migration: migration})
