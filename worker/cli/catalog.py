"""The command that prints the contract."""

import click

from worker.cli.processes import prepare
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
    settings = prepare()
    try:
        from worker.catalog.document import document  # noqa: PLC0415 - what the extra brings
        from worker.catalog.page import page  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in EXTRA:
            raise
        raise click.ClickException(
            f"The catalogue needs {error.name}, which is not installed: it is in the extra"
            " `catalog` (pip install -e '.[catalog]')."
        ) from error
    described = document(compose(settings), release)
    click.echo(page(described) if html else json_text(described, indent=2))


EXTRA = ("apispec", "jinja2")
