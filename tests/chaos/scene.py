"""Everything that a chaos run has on stage: servers, proxies, processes, traffic."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.chaos.disk import Disk, small_disk
from tests.chaos.traffic import Sender, Subscriber
from tests.support.proxy import Proxy
from tests.support.system import Process, System, running_system
from tests.support.waiting import hold, wait_for
from tools.postgresql import PostgreSQLCluster
from tools.processes import free_port
from tools.rabbitmq import RabbitMQNode
from tools.servers import install_programs, server_folder

HEARTBEAT = 4  # seconds: short, so that silence is noticed soon
CONSUMERS = ("consume 1", "consume 2")
RELAYS = ("relay 1", "relay 2")


class Scene:
    """A component of two consumers and two relays on private servers, under load.

    `broker`: the node that is killed and started again; `entrance`: the broker's URL for others.
    """

    def __init__(
        self,
        system: System,
        entrance: str,
        nodes: list[RabbitMQNode],
        database: PostgreSQLCluster,
        worker: str,
    ) -> None:
        self.system = system
        self.nodes = nodes
        self.broker = nodes[0]
        self.database = database
        self.disk: Disk | None = None
        self.worker = worker  # the module that processes run
        self.broker_proxy = Proxy(*(node.port for node in nodes))
        self.database_proxy = Proxy(database.port)
        self.sender = Sender(entrance, system.queue, rate=400)
        self.subscriber = Subscriber(entrance, system.exchange)
        url = make_url(system.database_url).set(port=self.database_proxy.port)
        self._behind = {
            "AMQP_URL": f"amqp://guest:guest@127.0.0.1:{self.broker_proxy.port}/%2F"
            f"?heartbeat={HEARTBEAT}",
            "DATABASE_URL": url.render_as_string(hide_password=False),
            "BATCH_SIZE": "100",
            "PREFETCH_COUNT": "200",
            "DRAIN_TIMEOUT": "5",
            "MAX_ATTEMPTS": "100",
            "RETRY_DELAYS": "0.2,1,2",
        }
        self.ports = {role: free_port() for role in (*CONSUMERS, *RELAYS)}
        self.processes: dict[str, Process] = {}
        self.done: Counter[str] = Counter()  # what was done to processes and servers
        self.restarted = 0
        self._signs = 0
        for role in self.ports:
            self.start(role)

    def start(
        self,
        role: str,
        module: str | None = None,
        output: Path | None = None,
        **settings: str,
    ) -> Process:
        """Start the process of this role, in the place of the one before."""
        if role in self.processes:
            self._signs += self.processes[role].complaints() + 1  # its end is a sign, too
        settings = {**self._behind, "HTTP_PORT": str(self.ports[role]), **settings}
        process = self.system.start(
            role.partition(" ")[0], module=module or self.worker, output=output, **settings
        )
        self.processes[role] = process
        return process

    def signs(self) -> int:
        """Return how often our processes have ended, or said that something is wrong, so far."""
        self._signs += sum(process.complaints() for process in self.processes.values())
        return self._signs

    def listen(self, words: str) -> Callable[..., None]:
        """Return what waits until one of the processes of now says this once more."""
        before = [(process, process.log().count(words)) for process in self.processes.values()]

        def heard() -> bool:
            return any(process.log().count(words) > count for process, count in before)

        def wait(seconds: float = 60) -> None:
            try:
                wait_for(heard, f"somebody to notice: {words}", seconds)
            except AssertionError as error:
                ends = (f"{role}: {p.log()[-1000:]}" for role, p in self.processes.items())
                raise AssertionError("\n".join([str(error), *ends])) from error

        return wait

    def kill(self, *roles: str) -> None:
        """End these processes as a power cut would."""
        for role in roles:
            self.processes[role].signal(signal.SIGKILL)
        for role in roles:
            self.killed(role)

    def killed(self, role: str, seconds: float = 10) -> None:
        """Make sure that this process was killed, and count it."""
        process = self.processes[role]
        assert process.wait(seconds) == -signal.SIGKILL, process.log()
        self.done["process kills"] += 1

    def restart(self, server: RabbitMQNode | PostgreSQLCluster, away: float = 0) -> None:
        """Let a server crash, and start it again on its data after so many seconds."""
        before = server.pid
        server.kill()
        wait_for(lambda: not _alive(before), "the server's end")
        hold(away)
        server.start()
        assert server.pid != before
        kind = "database" if server is self.database else "broker"
        self.done[f"{kind} restarts"] += 1

    def keep_running(self) -> None:
        """Start again what died of itself, as a supervisor would; and remember that it did."""
        for role, process in self.processes.items():
            if process.code is not None:
                print(f"{role} ended with {process.code}:", process.log()[-2000:], file=sys.stderr)
                self.restarted += 1
                self.start(role)

    def settle(self, seconds: float = 600) -> None:
        """Wait until nothing moves any more; fail with what still does."""
        self.sender.stop()
        left: dict[str, int] = {}

        def settled() -> bool:
            self.keep_running()
            left.update(self._left())
            return not any(left.values())

        try:
            # Looking costs; the proxies, in this same process, need the time.
            wait_for(settled, "everything settled", seconds, every=1)
        except AssertionError as error:
            raise AssertionError(f"{error}: {left}") from error

    def _left(self) -> dict[str, int]:
        ended = self.system.count("inbox", "status <> 'retrying'")
        return {
            "commands not in the inbox": max(0, len(self.sender.sent) - ended),
            "commands waiting": self.system.waiting(),
            "rows in the outbox": self.system.count("outbox"),
            "retries": self.system.count("retries"),
            "events waiting": self.system.waiting(self.subscriber.queue),
        }

    def close(self) -> None:
        self.subscriber.stop()
        self.broker_proxy.close()
        self.database_proxy.close()


@contextmanager
def staged(worker: str = "tests.chaos.worker", nodes: int = 1) -> Iterator[Scene]:
    """Start everything on private servers; `worker` is the module that the processes run.

    `nodes`: how many RabbitMQ nodes make up the broker.
    """
    install_programs()
    with ExitStack() as stack:
        folder = stack.enter_context(server_folder("chaos"))
        cluster = _broker(stack, folder, nodes)
        database = PostgreSQLCluster(folder / "database")
        stack.callback(database.stop)
        database.start()
        url = database.create_database("component")
        disk = stack.enter_context(small_disk(database))
        logs = Path(stack.enter_context(server_folder("chaos-logs")))
        entrance = cluster[0].url
        if nodes > 1:
            proxy = stack.enter_context(closing(Proxy(*(node.port for node in cluster))))
            entrance = entrance.replace(str(cluster[0].port), str(proxy.port))
        system = stack.enter_context(running_system(entrance, url, logs))
        system.migrate()
        scene = stack.enter_context(closing(Scene(system, entrance, cluster, database, worker)))
        scene.disk = disk
        scene.subscriber.start()
        scene.sender.start()
        yield scene


def _broker(stack: ExitStack, folder: Path, count: int) -> list[RabbitMQNode]:
    nodes: list[RabbitMQNode] = []
    for number in range(count):
        node = RabbitMQNode(folder / f"broker-{number}", peer=nodes[0] if nodes else None)
        stack.callback(node.stop)
        node.start()
        nodes.append(node)
    return nodes


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
