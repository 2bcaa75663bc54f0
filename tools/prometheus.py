"""A private Prometheus that scrapes what it is told to, and promtool, which tries alert rules."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

from tools import packages
from tools.processes import LOOPBACK, ServerProcess, free_port, wait_until
from tools.servers import server_folder

_EVERY = "200ms"  # between two scrapes, so that a test need not wait
_CONFIGURATION = """\
global: {{scrape_interval: {every}, scrape_timeout: {every}, evaluation_interval: {every}}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: component
    static_configs: [{{targets: {targets}}}]
"""


def programs() -> tuple[str, str]:
    """Return the paths of prometheus and promtool, installed if need be."""
    with packages.one_at_a_time():
        if shutil.which("promtool") is None:
            packages.install("prometheus", "Prometheus", None, lambda _: None)
    found = shutil.which("prometheus"), shutil.which("promtool")
    assert found[0] is not None
    assert found[1] is not None
    return found[0], found[1]


@contextmanager
def prometheus(ports: Sequence[int], rules: Path) -> Iterator[str]:
    """Yield the address of a Prometheus that scrapes these ports and evaluates these rules."""
    program, _ = programs()
    port = free_port()
    address = f"http://{LOOPBACK}:{port}"
    with server_folder("prometheus") as folder:
        configuration, log = folder / "prometheus.yml", folder / "prometheus.log"
        targets = [f"{LOOPBACK}:{scraped}" for scraped in ports]
        configuration.write_text(
            _CONFIGURATION.format(every=_EVERY, rules=rules.resolve(), targets=targets)
        )
        arguments = [
            program,
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{port}",
        ]
        server = ServerProcess(arguments, log, os.environ)
        try:
            wait_until(lambda: _is_ready(address), server, "Prometheus", log, 30)
            yield address
        finally:
            server.stop()


def _is_ready(address: str) -> bool:
    with suppress(OSError), urlopen(f"{address}/-/ready", timeout=2) as answer:
        return bool(answer.status == 200)
    return False
