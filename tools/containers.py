"""The Dockerfile and docker-compose.yml, run for real: `make containers`.

Where a Docker engine runs, it is used as it is; else one of our own is put up (`tools/engine.py`),
as root on Debian, with base images that are made once and kept.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from tools import compose
from tools.engine import engine
from tools.processes import ServerFailed, ended_by_signals, free_port
from tools.servers import server_folder
from tools.workers import ROOT

Words = Callable[..., list[str]]
OURS = ("migrate", "consumer", "relay")
SCALE = ("--scale", "consumer=2")


class Stage:
    """The services of docker-compose.yml, under a project name of their own."""

    def __init__(self, docker: Words, near: Words) -> None:
        """`docker`, `near`: the words that run docker, or a program near the published ports."""
        self._docker, self._near = docker, near
        self._project = f"containers-{secrets.token_hex(4)}"
        ports = ("BROKER_PORT", "MANAGEMENT_PORT", "DATABASE_PORT", "CONSOLE_PORT")
        passwords = ("BROKER_PASSWORD", "DATABASE_PASSWORD", "CONSOLE_TOKEN")
        self._settings = {
            "TAG": self._project,
            **{name: str(free_port()) for name in ports},
            **{name: secrets.token_hex(8) for name in passwords},
        }

    def compose(self, *arguments: str) -> str:
        return self.docker("compose", "--project-name", self._project, *arguments)

    def docker(self, *arguments: str, code: int = 0) -> str:
        """Run docker to its end; return what it printed, raise `ServerFailed` at another code."""
        return _run(self._docker(*arguments), self._settings, code)

    def up(self) -> set[str]:
        """Start what does not run, wait until all is healthy, and return the containers' ids."""
        self.compose("up", "--build", "--detach", "--wait", "--wait-timeout", "180", *SCALE)
        return set(self.compose("ps", "--all", "--quiet").split())

    def apply(self, number: int) -> str:
        """Publish commands and wait for the event of each."""
        port, password = self._settings["BROKER_PORT"], self._settings["BROKER_PASSWORD"]
        url = f"amqp://component:{password}@127.0.0.1:{port}/%2F"
        traffic = [sys.executable, "-m", "tools.traffic", str(number)]
        return _run(self._near(*traffic), {"AMQP_URL": url}).strip()

    def without_settings(self) -> str:
        """Return what the image says where DATABASE_URL was forgotten."""
        image = f"ddd-component:{self._project}"
        return self.docker("run", "--rm", "--read-only", image, code=1).strip()

    def exit_codes(self) -> str:
        """Return how our own containers have ended; raise `ServerFailed` where one failed."""
        ids = self.compose("ps", "--all", "--quiet", *OURS).split()
        form = "{{.Name}} {{.State.ExitCode}}"
        ended = [self.docker("inspect", "--format", form, id).strip() for id in ids]
        if len(ended) != 4 or not all(line.endswith(" 0") for line in ended):
            raise ServerFailed(f"Not all ended well: {', '.join(ended)}")
        return ", ".join(line.removeprefix(f"/{self._project}-") for line in ended)

    def down(self) -> None:
        self.compose("down", "--volumes", "--timeout", "5", "--rmi", "local")


def main() -> int:
    """Run it from build to drain; return 1 where something is not as it should be."""
    say = _Clock()
    try:
        with ended_by_signals(), server_folder("containers") as folder, _stage(folder) as stage:
            try:
                _play(stage, say)
            except ServerFailed:
                print(stage.compose("logs", "--tail", "20"), file=sys.stderr)
                raise
            finally:
                stage.down()
    except ServerFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _play(stage: Stage, say: "_Clock") -> None:
    first = stage.up()
    say("built, started, healthy")
    if stage.up() != first:
        raise ServerFailed("Nothing had changed, and containers were made anew.")
    say("started once more: nothing was made anew")
    say(stage.apply(1000))
    stage.compose("restart", "broker")
    stage.compose("up", "--no-recreate", "--detach", "--wait", *SCALE)
    say("broker restarted, all healthy")
    say(stage.apply(200))
    stage.compose("stop", "consumer", "relay")
    say(f"drained; exit codes: {stage.exit_codes()}")
    say(f"without settings: {stage.without_settings()}")


class _Clock:
    """Says what was done, and how long it took."""

    def __init__(self) -> None:
        self._since = monotonic()

    def __call__(self, what: str) -> None:
        now = monotonic()
        print(f"{now - self._since:5.1f} s  {what}", flush=True)
        self._since = now


@contextmanager
def _stage(folder: Path) -> Iterator[Stage]:
    if compose.is_available():
        yield Stage(lambda *words: ["docker", *words], lambda *words: [*words])
    else:
        with engine(folder) as ours:
            yield Stage(ours.docker, ours.near)


def _run(words: list[str], settings: dict[str, str], code: int = 0) -> str:
    environment = {**os.environ, **settings}
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode != code:
        end = done.stdout.strip()[-2000:]
        raise ServerFailed(f"Exit code {done.returncode} of {' '.join(words)}:\n{end}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
