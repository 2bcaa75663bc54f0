"""The command that serves the console."""

import click

from persistence.database import Database
from persistence.migrating import check_schema
from worker.cli.processes import prepare
from worker.exceptions import SettingsError

EXTRA = ("apispec", "jinja2", "sse_starlette", "starlette", "uvicorn")


@click.command()
def console() -> None:
    """Serve pages to look at the component and to mend it, until Ctrl-C.

    It needs the extra `console`: pip install 'ddd-component[console]', or -e '.[console]'.
    """
    settings = prepare("console")
    try:
        from worker.console.server import serve  # noqa: PLC0415 - what the extra brings
        from worker.console.settings import read_console_settings  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in EXTRA:
            raise
        raise click.ClickException(
            f"The console needs {error.name}, which is not installed: it is in the extra"
            " `console` (pip install -e '.[console]')."
        ) from error
    told = read_console_settings()
    with Database(settings.database_url, settings.database_deadline, read_only=True) as database:
        check_schema(database)
    try:
        serve(settings, told, lambda: click.echo(f"The console is at {told.address}", err=True))
    except OSError as error:
        raise SettingsError(
            f"CONSOLE_HOST, CONSOLE_PORT: {told.address} cannot be used: {error.strerror}."
        ) from error
