"""The example of a client, which a new aggregate's own is made from, beside a running component."""

import subprocess

from tests.support.project import PYTHON, ROOT
from tests.support.system import System


def test_the_client_hears_events_and_replies_of_its_commands(system: System) -> None:
    component = system.start("run", AGGREGATES="worker.aggregates")
    for working in ("consuming", "relaying"):
        component.wait_for_log(working)
    said = subprocess.run(
        [PYTHON, "-m", "examples.entity", system.amqp_url, system.name],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    heard = [line.split(maxsplit=3)[:3] for line in said.splitlines()]
    for kind in ("event", "reply"):
        assert [line[1:] for line in heard if line[0] == kind] == [
            ["entity.Created", "1"],
            ["entity.Updated", "2"],
            ["CommandRejected", "-"],
        ]
