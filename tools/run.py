"""Keep the component running until Ctrl-C, and tell where to publish: `make run`."""

import fcntl
import os
import re
import shlex
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tools.processes import (
    LOOPBACK,
    ServerFailed,
    ServerProcess,
    ended_by_signals,
    free_port,
)
from tools.servers import rabbitmq
from tools.workers import ROOT, WorkerFailed, start_console, start_worker, worker
from worker.console.settings import ConsoleSettings
from worker.exceptions import SettingsError
from worker.settings import read_settings

console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Return the exit code: 0 when somebody asked us to stop."""
    try:
        settings = read_settings()  # what is wrong there is said before a server is started
        with ended_by_signals(), alone(settings.database_url), rabbitmq(say) as amqp_url:
            return run({**os.environ, "AMQP_URL": amqp_url})
    except KeyboardInterrupt:
        say("Stopped")
        return 0
    except (ServerFailed, WorkerFailed, SettingsError) as error:
        console.print(Text.assemble(("✗ ", "red"), str(error)))
        return 1


@contextmanager
def alone(database_url: str) -> Iterator[None]:
    """Refuse a second one on the same SQLite file: one relay would serve two brokers."""
    if not database_url.startswith("sqlite"):
        yield
        return
    with Path(f"{database_url.partition(':///')[2]}.run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkerFailed(
                "Another `make run` works on this database file: stop it, or set DATABASE_URL."
            ) from None
        yield


def run(environment: Mapping[str, str]) -> int:
    """Run the worker on this broker until a signal, or until it ends by itself."""
    worker(environment, "migrate")
    worker(environment, "declare")
    console.print(where_to_publish(environment["AMQP_URL"]))
    console.print("At another terminal:\n", style="dim")
    for line in _lines_to_try(environment["AMQP_URL"]):
        console.print(f"    {line}", markup=False)
    console.print()
    console_process = start_console(with_console_port(environment))
    process = start_worker(environment)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        drain(process)
        raise
    finally:
        console_process.stop(signal.SIGTERM)
    raise WorkerFailed(f"The worker ended with exit code {code}; its last lines say why.")


def with_console_port(environment: Mapping[str, str]) -> dict[str, str]:
    """Choose another port than the usual one where somebody listens there already."""
    if "CONSOLE_PORT" in environment:
        return dict(environment)
    with socket.socket() as probe:
        is_taken = probe.connect_ex((LOOPBACK, ConsoleSettings.port)) == 0
    port = free_port() if is_taken else ConsoleSettings.port
    return {**environment, "CONSOLE_PORT": str(port)}


def drain(process: ServerProcess) -> None:
    """Let the worker finish what it has, or end at once if Ctrl-C comes again."""
    say("Finishing what has been delivered; Ctrl-C once more to stop at once")
    try:
        process.stop(signal.SIGINT, timeout=60)
    except KeyboardInterrupt:
        process.stop(signal.SIGINT, timeout=5)  # the second one ends it at once


def where_to_publish(amqp_url: str) -> Panel:
    """Return what a person at another terminal needs."""
    settings = read_settings()
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in {
        "Broker": _without_password(amqp_url),
        "Publish to": f"queue {settings.command_queue} (default exchange)",
        "Subscribe to": f"exchange {settings.event_exchange} (fanout)",
        "Database": _without_password(settings.database_url),
        "Stop": "Ctrl-C",
    }.items():
        table.add_row(Text(name, "dim"), Text(value, overflow="fold"))
    return Panel(table, title="[bold green]The component[/]", title_align="left")


def _lines_to_try(amqp_url: str) -> list[str]:
    python = Path(sys.executable)
    program = python.relative_to(ROOT) if python.is_relative_to(ROOT) else python
    same = ("DATABASE_URL", "COMPONENT_NAME", "COMMAND_QUEUE", "EVENT_EXCHANGE")
    exports = {"AMQP_URL": amqp_url} | {n: os.environ[n] for n in same if n in os.environ}
    return [
        *(f"export {name}={shlex.quote(value)}" for name, value in exports.items()),
        f"{program} -m worker watch",
        f"{program} -m worker send entity.Create",
        f"{program} -m worker send entity.UpdateValue entity_id=… value=hello",
        f"{program} -m worker show ENTITY_ID",
        f"{program} -m worker dead list",
    ]


def _without_password(urls: str) -> str:
    return re.sub(r"(://[^:/@]*:)(?!guest@)[^@]*@", r"\1***@", urls)


def say(what: str) -> None:
    console.print(f"[dim]{what} …[/]")


if __name__ == "__main__":
    sys.exit(main())
