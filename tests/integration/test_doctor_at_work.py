"""The doctor beside a component that works, as people and programs call it."""

import json
import subprocess
import sys

from tests.support.foreign import create
from tests.support.system import ROOT, System
from tests.support.waiting import wait_for
from tools.servers import free_port


def doctor(system: System, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker", "doctor", *options],
        env={**system._environment, **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_all_is_well_while_it_works_and_a_missing_relay_is_not(system):
    port = free_port()
    consumer = system.start("consume", HTTP_PORT=str(port))
    consumer.wait_for_log("consuming")
    system.sender().send([create()])
    wait_for(lambda: system.count("outbox") == 1, "the event in the outbox")
    without_relay = doctor(system)
    assert without_relay.returncode == 1
    assert "No relay works; messages that wait in the outbox: 1." in without_relay.stdout
    relay = system.start("relay")
    relay.wait_for_log("relaying")
    wait_for(lambda: system.count("outbox") == 0, "the event published")
    well = doctor(system, "--json", HTTP_PORT=str(port))
    report = json.loads(well.stdout)
    assert well.returncode == report["exit_code"] == 0, report
    sentences = [finding["sentence"] for finding in report["findings"]]
    assert f"The process at port {port} is ready." in sentences
    assert f"Consumers of '{system.queue}': 1." in sentences
    assert "A relay works." in sentences
    assert well.stderr == ""
