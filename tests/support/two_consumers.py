"""Two consumers with one retry: a connection is cut under a slow handler; the other is faster."""

from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from tests.support.foreign import Sent, create
from tests.support.proxy import Proxy
from tests.support.system import System
from tests.support.waiting import wait_for


def let_two_apply_one_retry(system: System, folder: Path, module: str, **settings: str) -> Sent:
    """Have the second attempt of a `Create` done by two; `module` is what the slow one runs."""
    port = make_url(system.amqp_url).port
    assert port is not None
    with closing(Proxy(port)) as proxy:
        url = f"amqp://guest:guest@127.0.0.1:{proxy.port}/%2F"
        own = {"RETRY_DELAYS": "0.1", "HOLD": str(folder), "AMQP_URL": url, **settings}
        slow = system.start("consume", module=module, **own)
        system.start("relay")
        command = create()
        del command.body["thing_id"]
        system.sender().send([command])
        wait_for((folder / "held").exists, "the second attempt")
        fast = system.start("consume")
        fast.wait_for_log('"consuming"')
        proxy.reset()
        assert proxy.cut > 0
        wait_for(lambda: system.count("inbox", "status = 'applied'"), "the other's attempt")
        assert slow.log().count('"consuming"') == 1
        (folder / "go").touch()
        wait_for(lambda: slow.log().count('"consuming"') == 2, "the slow one to end its attempt")
        assert slow.stop() == 0
    return command
