"""docs/tutorial.md, followed to the letter in a copy of the repository."""

import ast
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pika
import pytest

from tests.support.copy import copy_repository, lend_environment
from tests.support.project import PYTHON, ROOT, environment
from tests.support.waiting import wait_for

PRODUCT = ("domain", "schemas", "persistence", "worker")
PAGE = (ROOT / "docs" / "tutorial.md").read_text()


class Block(NamedTuple):
    """A fenced block: its language, what else its first line says, and its text."""

    language: str
    about: str
    text: str


BLOCKS = [Block(*found) for found in re.findall(r"^```(\w+) ?(.*)\n([\s\S]*?)^```$", PAGE, re.M)]
FILES = [block for block in BLOCKS if "/" in block.about]


class Reader:
    """Somebody who does what the page says, block after block."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self._folder = folder
        self._environment = {**environment(**settings), "PYTHONPATH": str(folder)}
        self._environment["PYTHONWARNINGS"] = ""
        # An activated environment stays so from one block to the next.
        self._environment["PATH"] = os.pathsep.join(
            [str(folder / ".venv" / "bin"), str(Path(PYTHON).parent), os.environ["PATH"]]
        )
        self._said = ""
        self._running: list[subprocess.Popen[bytes]] = []

    def follow(self, block: Block) -> None:
        if block in FILES:
            (self._folder / block.about).write_text(block.text)
        elif block.language == "text":
            assert self._said == block.text
        elif block.about == "stays":
            self._start(block.text)
        else:
            self._run(block.text, fails=block.about == "fails")

    def stop(self) -> None:
        for process in self._running:
            os.killpg(process.pid, signal.SIGINT)  # all that Ctrl-C reaches in a terminal
            process.wait(60)

    def _run(self, commands: str, *, fails: bool) -> None:
        result = subprocess.run(
            ["bash", "-e", "-c", commands],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert result.returncode == int(fails), result.stdout + result.stderr
        self._said = result.stdout

    def _start(self, command: str) -> None:
        log = self._folder.parent / "stays.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                # Tests that run in the background may have been told to ignore Ctrl-C.
                ["env", "--default-signal=INT", "bash", "-c", f"exec {command}"],
                cwd=self._folder,
                env=self._environment,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self._running.append(process)
        wait_for(lambda: "consuming" in log.read_text(), "a consumer", 60)


def lines_of_its_own(source: str) -> int:
    """Count the lines that are neither blank nor import, comment or docstring."""
    tree = ast.parse(source)
    dropped: set[int] = set()
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.Import | ast.ImportFrom) or (
            is_text and node.value.value is not ...
        ):
            dropped |= set(range(node.lineno, (node.end_lineno or 0) + 1))
    lines = enumerate(source.splitlines(), 1)
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and number not in dropped
        for number, line in lines
    )


@contextmanager
def names_of_its_own(amqp_url: str) -> Iterator[str]:
    """Give a name for the component, and delete at the end what it has declared."""
    name = f"t{uuid4().hex[:10]}"
    yield name
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        channel.queue_delete(f"{name}.commands")
        channel.queue_delete(f"{name}.commands.dead")
        channel.exchange_delete(f"{name}.events")


def test_who_follows_the_page_ends_with_a_refused_overdraft(
    amqp_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "component"
    folder.mkdir()
    copy_repository(folder)
    lend_environment(folder)
    with names_of_its_own(amqp_url) as name:
        settings = {"AMQP_URL": amqp_url, "DATABASE_URL": empty_database_url}
        reader = Reader(folder, {**settings, "COMPONENT_NAME": name})
        try:
            for block in BLOCKS:
                reader.follow(block)
        finally:
            reader.stop()


@pytest.mark.slow
def test_an_account_has_at_most_150_lines_of_its_own_and_edits_one_file(tmp_path: Path) -> None:
    copy_repository(tmp_path)
    before = {path: path.read_text() for path in tmp_path.rglob("*.py")}
    reader = Reader(tmp_path, {})
    for block in BLOCKS:
        if block in FILES or "new aggregate" in block.text.partition("\n")[0]:
            reader.follow(block)
    after = {path: path.read_text() for path in tmp_path.rglob("*.py")}
    changed = [path for path, text in before.items() if after[path] != text]
    assert changed == [tmp_path / "worker" / "aggregates.py"]
    made = [path for path in after.keys() - before if path.parts[len(tmp_path.parts)] in PRODUCT]
    lines = sum(lines_of_its_own(after[path]) for path in made)
    (entry,) = changed
    lines += lines_of_its_own(after[entry]) - lines_of_its_own(before[entry])
    assert lines <= 150
