"""The command that prints the contract."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from worker.cli.processes import prepare
from worker.component import Component
from worker.composition import compose
from worker.runtime.showing import json_text


@click.group(invoke_without_command=True)
@click.option("--html", is_flag=True, help="One page for people, complete in itself.")
@click.option("--release", default="0.0.0", metavar="NAME", help="What this state is called.")
@click.pass_context
def catalog(context: click.Context, html: bool, release: str) -> None:
    """Print what other teams have to know of the messages: AsyncAPI 3.0, as JSON.

    It needs the extra `catalog`: pip install 'ddd-component[catalog]', or -e '.[catalog]'.
    """
    if context.invoked_subcommand is not None:
        return
    document = described(compose(prepare()), release)
    if not html:
        click.echo(json_text(document, indent=2))
        return
    with _extra():
        from worker.catalog.page import page  # noqa: PLC0415 - what the extra brings
    click.echo(page(document))


def described(component: Component, release: str) -> dict[str, Any]:
    """Return the document; say what is not installed of what it needs."""
    with _extra():
        from worker.catalog.document import document  # noqa: PLC0415 - what the extra brings
    return document(component, release)


@contextmanager
def _extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in EXTRA:
            raise
        raise click.ClickException(
            f"The catalogue needs {error.name}, which is not installed: it is in the extra"
            " `catalog` (pip install -e '.[catalog]')."
        ) from error


EXTRA = ("apispec", "jinja2")
