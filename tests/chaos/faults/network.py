"""What lies between us and the servers."""

import random

from tests.chaos.scene import HEARTBEAT, Scene
from tests.support.proxy import Proxy
from tests.support.waiting import hold, wait_for


def cut_off_the_broker(scene: Scene) -> None:
    _cut(scene.broker_proxy)


def cut_off_the_database(scene: Scene) -> None:
    _cut(scene.database_proxy)


def silence_the_broker(scene: Scene) -> None:
    """Half-open connections: nothing comes, and nothing says so."""
    _silence(scene, scene.broker_proxy, "the broker is away")


def silence_the_database(scene: Scene) -> None:
    _silence(scene, scene.database_proxy, "the database is away")


def reset_connections_in_mid_frame(scene: Scene) -> None:
    proxies = (scene.broker_proxy, scene.database_proxy)
    before = [proxy.torn for proxy in proxies]
    for proxy in proxies:
        proxy.tear()
    wait_for(
        lambda: all(proxy.torn > torn for proxy, torn in zip(proxies, before, strict=True)),
        "a connection to each server to be torn",
    )


def lose_a_host(scene: Scene) -> None:
    """All our connections to the database end, and the database does not hear of it."""
    wait_for(lambda: scene.database_proxy.connections, "a connection to lose")
    before, noticed = scene.database_proxy.cut, scene.listen("the database is away")
    scene.database_proxy.vanish()
    assert scene.database_proxy.cut > before
    noticed()


def lose_the_answers_to_commits(scene: Scene) -> None:
    """Was it committed? Nobody can tell but the database itself."""
    before = scene.database_proxy.lost_commits
    scene.database_proxy.lose_commits(3, done=True)
    wait_for(lambda: scene.database_proxy.lost_commits == before + 3, "three lost answers", 60)


def slow_both_servers_down(scene: Scene) -> None:
    proxies = (scene.broker_proxy, scene.database_proxy)
    before = [proxy.slowed for proxy in proxies]
    for proxy in proxies:
        proxy.slow()
    hold(2)
    for proxy in proxies:
        proxy.up()
    assert all(proxy.slowed > slowed for proxy, slowed in zip(proxies, before, strict=True))


def _cut(proxy: Proxy) -> None:
    wait_for(lambda: proxy.connections, "a connection to cut")
    before = proxy.cut
    proxy.down()
    assert proxy.cut > before, "there was no connection to cut"
    hold(random.uniform(0.1, 3))
    proxy.up()


def _silence(scene: Scene, proxy: Proxy, words: str) -> None:
    before, noticed = proxy.swallowed, scene.listen(words)
    proxy.silent()
    try:
        noticed(10 * HEARTBEAT)
        assert proxy.swallowed > before
    finally:
        proxy.up()
