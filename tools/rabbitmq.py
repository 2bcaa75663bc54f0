"""Private throwaway nodes of an installed RabbitMQ."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.processes import (
    LOOPBACK,
    ServerFailed,
    ServerMissing,
    ServerProcess,
    free_port,
    start_on_a_free_port,
    wait_until,
)
from tools.rabbitmq_installation import epmd, program, rabbitmq_scripts

_CONFIG = """\
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 50MB
"""
_COOKIE = ".erlang.cookie"  # who knows it belongs to the cluster
_NO_EPMD_OF_ITS_OWN = "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"


class RabbitMQNode:
    """One node with its own data folder, ports and epmd, on the loopback interface only.

    `folder` holds data and logs; `config` is added to rabbitmq.conf, `plugins` are enabled. With a
    `peer`, a node that has been started, it belongs to the same cluster, and ends before it.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        config: str = "",
        peer: "RabbitMQNode | None" = None,
        plugins: Sequence[str] = (),
    ) -> None:
        scripts, epmd_program = rabbitmq_scripts(), epmd()
        if scripts is None or epmd_program is None:
            raise ServerMissing("RabbitMQ is not installed.")
        self._scripts, self._epmd_program = scripts, epmd_program
        self._folder = folder.resolve()
        self._any_port = port is None
        self._config = config
        self._peer = peer
        self._plugins = plugins
        self._server: ServerProcess | None = None
        self._epmd: ServerProcess | None = None
        self._take_ports(port)

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@{LOOPBACK}:{self._port}/%2F"

    @property
    def name(self) -> str:
        return f"node-{self._distribution_port}@localhost"

    @property
    def pid(self) -> int:
        """The process id of the broker itself (the Erlang virtual machine)."""
        if self._server is None:
            raise ServerFailed("This RabbitMQ node is not running.")
        return self._server.pid

    def start(self, timeout: float = 60) -> None:
        """Start the node, or start it again on its old data; return when AMQP answers."""
        start_on_a_free_port(lambda: self._start(timeout), self._change_ports)

    def stop(self) -> None:
        """Stop everything at once; the data stays, as after a power cut."""
        self.kill()
        if self._epmd is not None:
            self._epmd.stop()
            self._epmd = None

    def kill(self) -> None:
        """Kill the broker with SIGKILL, so that `start` can bring it back."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl against this node and return what it printed."""
        done = subprocess.run(
            [*program(self._scripts / "rabbitmqctl"), "--quiet", *arguments],
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode:
            raise ServerFailed(f"rabbitmqctl {' '.join(arguments)}: {done.stdout.strip()}")
        return done.stdout

    def _change_ports(self) -> bool:
        if self._any_port:
            self._take_ports(None)
        return self._any_port

    def _take_ports(self, port: int | None) -> None:
        self._port = port or free_port()
        self._epmd_port, self._distribution_port, self._ctl_port = (free_port() for _ in range(3))
        if self._peer:
            self._epmd_port = self._peer._epmd_port

    def _start(self, timeout: float) -> None:
        is_new = not (self._folder / "data").exists()
        self._prepare_folder()
        try:
            if self._peer is None:
                self._start_epmd()
            self._start_broker(timeout)
            if self._peer and is_new:
                self._join(self._peer)
        except BaseException:
            self.stop()
            raise

    def _start_epmd(self) -> None:
        if self._epmd is not None:
            return
        log = self._folder / "epmd.log"
        words = [*program(self._epmd_program), "-port", str(self._epmd_port), "-address", LOOPBACK]
        self._epmd = ServerProcess(words, log, self._environment())
        wait_until(lambda: _connects(self._epmd_port), self._epmd, "epmd", log, timeout=10)

    def _start_broker(self, timeout: float) -> None:
        log = self._folder / "output.log"
        # As under systemd: the script then becomes the broker and does not stay its parent.
        environment = {**self._environment(), "RUNNING_UNDER_SYSTEMD": "true"}
        words = program(self._scripts / "rabbitmq-server")
        self._server = ServerProcess(words, log, environment)
        wait_until(lambda: speaks_amqp(self._port), self._server, "RabbitMQ", log, timeout)

    def _join(self, peer: "RabbitMQNode") -> None:
        for command in ("stop_app", "reset", f"join_cluster {peer.name}", "start_app"):
            self.ctl(*command.split())

    def _prepare_folder(self) -> None:
        for name in ("data", "log"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "rabbitmq.conf").write_text(_CONFIG + self._config + "\n")
        (self._folder / "enabled_plugins").write_text(f"[{','.join(self._plugins)}].\n")
        cookie = self._folder / _COOKIE
        if self._peer and not cookie.exists():
            shutil.copy(self._peer._folder / _COOKIE, cookie)

    def _environment(self) -> dict[str, str]:
        # What the parent has set for another RabbitMQ must not reach this one.
        foreign = re.compile(r"(RABBITMQ|ERL|ELIXIR)_|NOTIFY_SOCKET")
        folder = self._folder
        return {
            **{k: v for k, v in os.environ.items() if not foreign.match(k)},
            "HOME": str(folder),  # Erlang's cookie is kept there
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "no-environment"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "no-advanced.config"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _NO_EPMD_OF_ITS_OWN,
            "RABBITMQ_CTL_ERL_ARGS": _NO_EPMD_OF_ITS_OWN,
            "RABBITMQ_CTL_DIST_PORT_MIN": str(self._ctl_port),
            "RABBITMQ_CTL_DIST_PORT_MAX": str(self._ctl_port + 10),
        }


def speaks_amqp(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether an AMQP 0-9-1 broker answers the protocol header with its first frame."""
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
    except OSError:
        return False


def _connects(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=5).close()
    except OSError:
        return False
    return True
