"""The integration tests and the short chaos run against other RabbitMQs: `make compat`.

`VERSIONS="4.0 4.3"` chooses. Where another one is installed, as on Debian 12, a small Debian that
has it is put into a folder of the user's cache, once (1 GB, a minute), and is started from there.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic
from xml.etree import ElementTree

from tools import debian
from tools.processes import ServerFailed, ServerMissing
from tools.rabbitmq_installation import rabbitmq_version

SUITES = {"4.0": "trixie", "4.3": "forky"}  # testing moves on: what was run is printed
TESTS = ("tests/integration", "tests/upgrades", "tests/chaos")


def main(arguments: list[str]) -> int:
    """Run pytest with these arguments on each version; return 1 if one of them fails."""
    versions = os.environ.get("VERSIONS", "").split() or [*SUITES]
    try:
        seen = [_test(version, arguments) for version in versions]
    except ServerFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    print(*(sentence for _, sentence in seen), sep="\n")
    return max(code for code, _ in seen)


def _test(version: str, arguments: list[str]) -> tuple[int, str]:
    """Run the tests on this RabbitMQ; return the exit code, and what was seen."""
    words, environment = _system(version)
    started = monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        tests = [] if any(word.startswith("tests/") for word in arguments) else TESTS
        test = [sys.executable, "-m", "pytest", *tests, f"--junit-xml={report}", *arguments]
        code = subprocess.run([*words, *test], env=environment, check=False).returncode
        counts = _counts(report)
    return code, f"{_name(environment)}: {counts}, {monotonic() - started:.0f} s"


def _system(version: str) -> tuple[list[str], dict[str, str]]:
    """Return the words before a command, and its environment, that let it use this RabbitMQ."""
    servers = {"AMQP_URL", "DATABASE_URL"}  # chaos kills servers: private ones, all of them
    environment = {k: v for k, v in os.environ.items() if k not in servers}
    if rabbitmq_version()[:2] == [int(number) for number in version.split(".")]:
        return [], environment
    if version not in SUITES:
        raise ServerMissing(f"VERSIONS: there is no {version}, but {' '.join(SUITES)}.")
    root = debian.room(SUITES[version], "rabbitmq", "rabbitmq-server")
    return debian.mounted(root), {**environment, "RABBITMQ_CHROOT": str(root)}


def _name(environment: dict[str, str]) -> str:
    """Return which RabbitMQ a process with this environment starts, to the last number."""
    ask = "from tools import rabbitmq_installation as i; print(*i.rabbitmq_version(), sep='.')"
    asked = subprocess.run(
        [sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True
    )
    return f"RabbitMQ {asked.stdout.strip()}"


def _counts(report: Path) -> str:
    if not report.exists():
        return "no tests were run"
    suite = ElementTree.parse(report).getroot()[0].attrib
    names = ("tests", "failures", "errors", "skipped")
    return ", ".join(f"{suite[name]} {name}" for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
