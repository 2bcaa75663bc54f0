"""What `deploy/` and docker-compose.yml say, next to what the processes need."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.support.project import ROOT
from tools import packages
from worker.settings import DEFAULT_HEARTBEAT

KUBERNETES = ROOT / "deploy" / "kubernetes"
SYSTEMD = ROOT / "deploy" / "systemd"
LIST = KUBERNETES / "kustomization.yaml"
THE_END = 10  # seconds until a process that is stuck ends itself (docs/processes.md)
ROLES = {"consumer": "consume", "relay": "relay"}


def resources() -> list[dict[str, Any]]:
    files = sorted(set(KUBERNETES.glob("*.yaml")) - {LIST})
    return [document for file in files for document in yaml.safe_load_all(file.read_text())]


def resource(kind: str, name: str) -> dict[str, Any]:
    (found,) = [r for r in resources() if (r["kind"], r["metadata"]["name"]) == (kind, name)]
    return found


def pod(kind: str, name: str) -> dict[str, Any]:
    result: dict[str, Any] = resource(kind, name)["spec"]["template"]["spec"]
    return result


def pods() -> list[dict[str, Any]]:
    deployments = [pod("Deployment", f"component-{role}") for role in ROLES]
    return [*deployments, pod("Job", "component-migrate")]


def compose() -> dict[str, Any]:
    result: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return result


def patience() -> int:
    """Return the seconds that a process may need to end, by the settings of Kubernetes' pods."""
    drain = resource("ConfigMap", "component")["data"]["DRAIN_TIMEOUT"]
    return int(drain) + DEFAULT_HEARTBEAT + THE_END


def known_settings() -> set[str]:
    """Return the settings of the README's table, which another test holds complete."""
    rows = re.findall(r"^\| (`[A-Z_`, ]+) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"\w+", row)}


def test_kubernetes_takes_every_resource_that_is_its_own() -> None:
    kinds = set()
    for document in resources():
        if document["kind"] != "ScaledObject":  # KEDA's own: no schema of it comes with Kubernetes
            kubernetes_validate.validate(document, "1.37", strict=True)
            kinds.add(document["kind"])
    assert {"Deployment", "Job", "PodDisruptionBudget", "NetworkPolicy"} <= kinds


def test_kustomize_is_given_every_file_but_the_one_that_needs_keda() -> None:
    files = {file.name for file in KUBERNETES.glob("*.yaml")} - {LIST.name, "scaling.yaml"}
    assert set(yaml.safe_load(LIST.read_text())["resources"]) == files


@pytest.mark.parametrize("role", ROLES)
def test_a_process_gets_the_time_to_drain(role: str) -> None:
    given = pod("Deployment", f"component-{role}")["terminationGracePeriodSeconds"]
    assert given >= patience()
    assert compose()["services"][role]["stop_grace_period"] == f"{given}s"
    (unit,) = SYSTEMD.glob(f"component-{role}*.service")
    assert f"TimeoutStopSec={given}\n" in unit.read_text()


@pytest.mark.parametrize(("role", "command"), ROLES.items())
def test_each_role_runs_its_command_everywhere(role: str, command: str) -> None:
    (container,) = pod("Deployment", f"component-{role}")["containers"]
    assert container["args"] == compose()["services"][role]["command"] == [command]
    (unit,) = SYSTEMD.glob(f"component-{role}*.service")
    assert f"-m worker {command}\n" in unit.read_text()


def test_no_pod_runs_as_root_or_writes_to_its_image() -> None:
    for each in pods():
        assert each["securityContext"]["runAsNonRoot"]
        assert not each["automountServiceAccountToken"]
        for container in each["containers"]:
            limits = container["securityContext"]
            assert limits["readOnlyRootFilesystem"]
            assert not limits["allowPrivilegeEscalation"]
            assert limits["capabilities"] == {"drop": ["ALL"]}


def test_the_user_of_the_pods_is_the_one_of_the_image() -> None:
    made = re.findall(r"--([ug]id) (\d+)", (ROOT / "Dockerfile").read_text())
    for each in pods():
        context = each["securityContext"]
        assert dict(made) == {"uid": str(context["runAsUser"]), "gid": str(context["runAsGroup"])}


@pytest.mark.parametrize("role", ROLES)
def test_probes_ask_the_health_port_of_the_settings(role: str) -> None:
    (container,) = pod("Deployment", f"component-{role}")["containers"]
    port = resource("ConfigMap", "component")["data"]["HTTP_PORT"]
    assert container["ports"] == [{"name": "http", "containerPort": int(port)}]
    paths = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    for probe, path in paths.items():
        assert container[probe]["httpGet"] == {"path": path, "port": "http"}
    (rule,) = resource("NetworkPolicy", "component")["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": int(port)}]


def test_every_setting_that_is_given_is_one_that_the_worker_reads() -> None:
    given = set(resource("ConfigMap", "component")["data"])
    (migrate,) = pod("Job", "component-migrate")["containers"]
    given |= {variable["name"] for variable in migrate["env"]}
    given |= set(compose()["x-process"]["environment"]) - {"<<"}
    for unit in SYSTEMD.glob("*.service"):
        for line in re.findall(r"^Environment=(.*)$", unit.read_text(), re.MULTILINE):
            given |= {word.partition("=")[0] for word in line.split()}
    assert given - {"PYTHONDONTWRITEBYTECODE"} <= known_settings()
    assert "DRAIN_TIMEOUT" in given


def test_what_is_scaled_is_there_and_never_goes_down_to_nothing() -> None:
    spec = resource("ScaledObject", "component-consumer")["spec"]
    assert resource("Deployment", spec["scaleTargetRef"]["name"])
    assert 1 <= spec["minReplicaCount"] < spec["maxReplicaCount"]
    (trigger,) = spec["triggers"]
    asked = set(re.findall(r"component_\w+", trigger["metadata"]["query"]))
    assert "component_oldest_waiting_command_seconds" in asked
    assert asked <= set(re.findall(r"component_\w+", (ROOT / "docs/metrics.md").read_text()))


def test_the_console_is_on_loopback_and_for_who_has_its_token() -> None:
    service = compose()["services"]["console"]
    assert service["command"] == ["console"]
    (port,) = service["ports"]
    assert port.startswith("127.0.0.1:")
    given = service["environment"]
    # Without a token on loopback, which is the container's own.
    assert given["CONSOLE_HOST"] == "${CONSOLE_TOKEN:+0.0.0.0}"
    assert given["CONSOLE_TOKEN"] == "${CONSOLE_TOKEN:-}"
    assert set(given) - {"<<"} - set(compose()["x-settings"]) <= known_settings()
    for package in ("apispec", "jinja2", "sse-starlette", "starlette", "uvicorn"):
        assert f"\n{package}==" in (ROOT / "requirements.lock").read_text()


def test_who_watches_is_asked_for_by_name_and_shown_on_loopback_only() -> None:
    for name in ("prometheus", "grafana"):
        service = compose()["services"][name]
        assert service["profiles"] == ["watch"]
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        mounted = [volume.partition(":")[0] for volume in service["volumes"]]
        assert all((ROOT / file).exists() for file in mounted if file.startswith("./"))
    for name, config in compose()["configs"].items():
        assert yaml.safe_load(config["content"]), name


def program(name: str, package: str) -> str:
    """Return the path of a program, installed if need be."""
    with packages.one_at_a_time():
        if shutil.which(name) is None:
            packages.install(package, name, None, lambda _: None)
    found = shutil.which(name)
    assert found is not None
    return found


@pytest.mark.server  # no server, but has to be had in the same way
def test_kustomize_builds_what_is_in_its_files() -> None:
    said = subprocess.run(
        [program("kubectl", "kubernetes-client"), "kustomize", KUBERNETES],
        capture_output=True,
        text=True,
        check=True,
    )
    built = list(yaml.safe_load_all(said.stdout))
    ours = [document for document in resources() if document["kind"] != "ScaledObject"]
    names = [sorted((r["kind"], r["metadata"]["name"]) for r in each) for each in (built, ours)]
    assert names[0] == names[1]
    assert "image: ddd-component:local" in said.stdout


@pytest.mark.server  # no server, but has to be had in the same way
def test_systemd_understands_its_units(tmp_path: Path) -> None:
    for unit in SYSTEMD.glob("*.service"):
        python = "ExecStart=/opt/component/.venv/bin/python"
        assert python in unit.read_text()
        (tmp_path / unit.name).write_text(unit.read_text().replace(python, "ExecStart=/bin/true"))
    said = subprocess.run(
        [program("systemd-analyze", "systemd"), "verify", *tmp_path.iterdir()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert said.stderr == ""
