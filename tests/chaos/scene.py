"""Everything that a chaos run has on stage: servers, proxies, processes, traffic."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.chaos.traffic import Sender, Subscriber
from tests.support.proxy import Proxy
from tests.support.system import Process, System, running_system
from tests.support.waiting import wait_for
from tools.postgresql import PostgreSQLCluster
from tools.rabbitmq import RabbitMQNode
from tools.servers import server_folder

HEARTBEAT = 4  # seconds: short, so that silence is noticed soon


class Scene:
    """A component of two consumers and two relays on private servers, under load."""

    def __init__(
        self, system: System, broker: RabbitMQNode, database: PostgreSQLCluster, worker: str
    ) -> None:
        self.system = system
        self.broker = broker
        self.database = database
        self._worker = worker
        self.broker_proxy = Proxy(broker.port)
        self.database_proxy = Proxy(database.port)
        self.sender = Sender(broker.url, system.queue, rate=400)
        self.subscriber = Subscriber(broker.url, system.exchange)
        url = make_url(system.database_url).set(port=self.database_proxy.port)
        self._behind = {
            "AMQP_URL": f"amqp://guest:guest@127.0.0.1:{self.broker_proxy.port}/%2F"
            f"?heartbeat={HEARTBEAT}",
            "DATABASE_URL": url.render_as_string(hide_password=False),
            "BATCH_SIZE": "100",
            "PREFETCH_COUNT": "200",
            "DRAIN_TIMEOUT": "5",
        }
        self.processes: dict[str, Process] = {}
        self.restarted = 0
        for role in ("consume 1", "consume 2", "relay 1", "relay 2"):
            self.start(role)

    def start(self, role: str, module: str | None = None, **settings: str) -> Process:
        """Start the process of this role, in the place of the one before."""
        command = role.partition(" ")[0]
        module = module or self._worker
        process = self.system.start(command, module=module, **{**self._behind, **settings})
        self.processes[role] = process
        return process

    def keep_running(self) -> None:
        """Start again what died of itself, as a supervisor would; and remember that it did."""
        for role, process in self.processes.items():
            if process.code is not None:
                self.restarted += 1
                self.start(role)

    def settle(self, seconds: float = 120) -> None:
        """Wait until nothing moves any more."""
        self.sender.stop()
        expected = len(self.sender.sent)

        def settled() -> bool:
            self.keep_running()
            return (
                self.system.count("inbox", "status <> 'retrying'") >= expected
                and self.system.count("outbox") == self.system.count("retries") == 0
                and self.system.waiting() == 0
                and self.system.waiting(self.subscriber.queue) == 0
            )

        wait_for(settled, "everything settled", seconds)

    def close(self) -> None:
        self.subscriber.stop()
        self.broker_proxy.close()
        self.database_proxy.close()


@contextmanager
def staged(worker: str = "worker") -> Iterator[Scene]:
    """Start everything on private servers; `worker` is the module that the processes run."""
    with ExitStack() as stack:
        folder = stack.enter_context(server_folder("chaos"))
        broker = RabbitMQNode(folder / "broker")
        database = PostgreSQLCluster(folder / "database")
        stack.callback(broker.stop)
        broker.start()
        stack.callback(database.stop)
        database.start()
        logs = Path(stack.enter_context(server_folder("chaos-logs")))
        url = database.create_database("component")
        system = stack.enter_context(running_system(broker.url, url, logs))
        system.call("migrate")
        scene = stack.enter_context(closing(Scene(system, broker, database, worker)))
        scene.subscriber.start()
        scene.sender.start()
        yield scene
