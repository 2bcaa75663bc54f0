"""Logs that nobody can read, or nobody does: the process goes on, and ends as it should."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.project import PYTHON, ROOT, environment

START = """
import os, sys, warnings, logging, threading
from worker.runtime import streams
from worker.runtime.logs import configure_logs
import structlog
streams.take_over(output=True)
configure_logs("info", "json")
log = structlog.get_logger()
"""


def start(script: str, **options: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [PYTHON, "-c", START + script],
        **{"env": environment(), "cwd": ROOT, "stdin": subprocess.DEVNULL, **options},  # type: ignore[call-overload]
    )


def lines(script: str, code: int = 0) -> list[dict[str, object]]:
    """Return what the script has logged."""
    process = start(script, stderr=subprocess.PIPE)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code, errors
    return [json.loads(line) for line in errors.splitlines()]


def full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def without_a_reader() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def read_only() -> int:
    return os.open(os.devnull, os.O_RDONLY)


TELL_WHAT_WAS_LOST = """
for number in range(20):
    log.info("line", number=number)
    print("printed")
warnings.warn("beware", stacklevel=1)
sys.stderr.write("raw\\n")
streams.drain()
with open(sys.argv[1] if sys.argv[1:] else os.environ["MARK"], "w") as mark:
    mark.write(str(streams.dropped()))
"""


@pytest.mark.parametrize("broken", [full, without_a_reader, read_only])
def test_lines_that_cannot_be_written_are_counted_and_harm_nobody(
    tmp_path: Path, broken: Callable[[], int]
) -> None:
    descriptor = broken()
    mark = tmp_path / "mark"
    process = start(
        TELL_WHAT_WAS_LOST,
        stdout=descriptor,
        stderr=descriptor,
        env=environment(MARK=str(mark), PYTHONWARNINGS="default"),
    )
    os.close(descriptor)
    assert process.wait(30) == 0
    assert int(mark.read_text()) >= 42


def test_descriptors_that_are_closed_harm_nobody(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    process = start(
        TELL_WHAT_WAS_LOST + "\nassert os.open(os.devnull, os.O_RDONLY) > 2",
        env=environment(MARK=str(mark), PYTHONWARNINGS="default"),
        preexec_fn=lambda: os.closerange(0, 3),
    )
    assert process.wait(30) == 0
    assert int(mark.read_text()) >= 42


FLOOD = """
for number in range(100_000):
    log.info("x" * 100, number=number)
print("still here", flush=True)
mark = open(os.environ["MARK"], "w")
mark.write("went on")
mark.close()
"""


def test_a_pipe_that_nobody_reads_stops_nobody(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    mark = tmp_path / "mark"
    process = start(FLOOD, stdout=writer, stderr=writer, env=environment(MARK=str(mark)))
    try:
        assert process.wait(60) == 0
        assert mark.read_text() == "went on"
        os.set_blocking(writer, False)
        with pytest.raises(BlockingIOError):  # the fault: the pipe is full
            os.write(writer, b"x" * 4096)
    finally:
        os.close(reader)
        os.close(writer)


def test_when_lines_can_be_written_again_the_log_says_how_many_were_lost() -> None:
    reader, writer = os.pipe()
    script = """
streams.ROOM = 100_000
for number in range(5_000):
    log.info("x" * 100, number=number)
print("go", flush=True)
sys.stdin.read()
log.info("last")
"""
    process = start(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=writer)
    os.close(writer)
    assert process.stdout is not None
    assert process.stdout.readline() == b"go\n"  # by now nobody has read a line
    with os.fdopen(reader, "rb") as log:
        assert process.stdin is not None
        written: list[dict[str, object]] = []
        for line in log:
            written.append(json.loads(line))
            if process.stdin and "dropped" in str(written[-1]["event"]):
                process.stdin.close()
    assert process.wait(30) == 0
    process.stdout.close()
    lost = sum(int(str(line.get("lines", 0))) for line in written)
    seen = {line["number"] for line in written if "number" in line}
    assert lost > 0
    assert lost + len(seen) == 5_000
    assert written[-1]["event"] == "last"


def test_a_descriptor_that_somebody_made_non_blocking_loses_nothing() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    process = start("for n in range(5000): log.info('x' * 100, number=n)", stderr=writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as log:
        written = [json.loads(line)["number"] for line in log]
    assert process.wait(30) == 0
    assert written == list(range(5000))


def test_an_error_that_nobody_expected_is_in_the_log_with_its_stack() -> None:
    (line,) = lines("def broken(): 1 / 0\nbroken()", code=1)
    assert line["level"] == "error"
    assert "in broken" in str(line["exception"])


def test_an_error_in_another_thread_is_in_the_log_with_its_stack() -> None:
    (line,) = lines("t = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()")
    assert "ZeroDivisionError" in str(line["exception"])


def test_what_libraries_log_becomes_a_line_of_ours() -> None:
    (line,) = lines("logging.getLogger('theirs').warning('take %s', 'care')")
    assert (line["event"], line["level"], line["logger"]) == ("take care", "warning", "theirs")


def test_a_record_of_a_library_that_is_wrong_is_no_error_of_its_caller() -> None:
    script = """
logging.getLogger("theirs").warning("%s %s", "one")
logging.getLogger("theirs").log(35, "in between")
"""
    process = start(script, stderr=subprocess.PIPE)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads(errors.splitlines()[-1])["event"] == "in between"


def test_lost_lines_are_in_the_metrics() -> None:
    script = """
from prometheus_client import generate_latest
from worker.runtime.metrics import Metrics
sys.stderr.buffer.dropped = 7
shown = b'component_log_lines_dropped_total{component="component"} 7.0'
assert shown in generate_latest(Metrics().registry)
"""
    assert lines(script) == []


def test_a_value_that_cannot_be_shown_costs_only_its_line() -> None:
    script = """
class Evil:
    def __str__(self): raise RuntimeError("no")
log.info("first", value=Evil())
log.info("second")
"""
    process = start(script, stderr=subprocess.PIPE)
    _, errors = process.communicate(timeout=30)
    first, second = errors.splitlines()
    assert b"cannot be shown: 'first'" in first
    assert json.loads(second)["event"] == "second"


def test_a_terminal_is_not_told_to_obey_what_is_logged() -> None:
    script = """
configure_logs("info", "console")
log.info("a\\x1b[2Jb", value="c\\x9b2Jd", more="e\\nf")
"""
    process = start(script, stderr=subprocess.PIPE)
    _, errors = process.communicate(timeout=30)
    assert b"a\\x1b[2Jb" in errors
    assert b"c\\x9b2Jd" in errors
    assert not any(byte in errors.decode() for byte in "\x1b\x9b")


@pytest.mark.parametrize(
    ("format", "said"), [("console", b"process=consume-2"), ("json", b'"process": "consume-2"')]
)
def test_every_line_names_the_process_that_speaks_whatever_thread_it_is(format, said) -> None:
    script = f"""
configure_logs("info", "{format}", "consume-2")
log.info("first")
threading.Thread(target=lambda: log.info("second")).start()
"""
    process = start(script, stderr=subprocess.PIPE)
    _, errors = process.communicate(timeout=30)
    assert [said in line for line in errors.splitlines()] == [True, True]


def test_a_person_reads_a_traceback_in_its_lines() -> None:
    script = """
configure_logs("info", "console")
log.warning("attempt failed", traceback="Traceback:\\n  File handler.py\\nBug: no")
"""
    process = start(script, stderr=subprocess.PIPE)
    _, errors = process.communicate(timeout=30)
    assert errors.splitlines()[-3:] == [b"Traceback:", b"  File handler.py", b"Bug: no"]
