"""The console in a browser, as somebody who has never seen it would use it."""

import re
from collections.abc import Iterator
from threading import Event, Thread
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from persistence.database import Database
from persistence.dead_letters import EVERY, DeadLetterViews
from persistence.dead_letters.groups import Groups
from tests.support.component import settings
from tests.support.console import console_of, serving, wrong
from tests.support.messages import UPDATE, read
from tests.support.waiting import wait_for
from tests.unit.worker.dead.test_operation import World
from tools.chromium import chromium
from tools.node import node_modules
from worker.console.desk import Desk

pytestmark = pytest.mark.server  # a browser is no server, but has to be had in the same way

PAGES = {
    "overview": "/",
    "causes": "/groups",
    "letters": "/letters",
    "letter": "/letters/1",
    "chosen": "/letters/chosen",
    "replays": "/operations",
    "waiting": "/waiting",
    "events": "/events",
    "aggregate": "/aggregate?id={thing}",
    "send": "/send?type=thing.UpdateValue",
    "catalogue": "/catalogue",
    "audit": "/audit",
    "login": "/login",
    "sorry": "/letters/999999",
}
AXE = "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations)"
SEEN = """seen => {
    Object.defineProperty(document, "hidden", { value: !seen, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
FAILED, INVALID, MALFORMED = 40, 100, 60
UNDER_WAY = re.compile("^([1-9]|[123][0-9])$")
# The browser tells of answers that the pages show, too.
REFUSALS = re.compile(r"status of (404|409|422) \(")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        program = chromium(print)
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def world(sqlite: Database) -> World:
    """A component with 200 dead letters of three causes; the handler is mended since."""
    world = World(sqlite)
    world.failed(FAILED)
    world.broken.clear()
    world.processor.apply([read(UPDATE, wrong(value=number)) for number in range(INVALID)])
    world.processor.apply([read(UPDATE, b"{") for _ in range(MALFORMED)])
    return world


@pytest.fixture
def desk(world: World) -> Desk:
    url = world.database.url.render_as_string(hide_password=False)
    return console_of(settings(url), world.component.aggregates)


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    with serving(desk) as address:
        yield address


@pytest.fixture(params=[(1440, "light"), (390, "dark")], ids=["screen", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """A page on a screen in light colours, and on a phone in dark ones."""
    width, colours = request.param
    viewport = {"width": width, "height": 900}
    context = browser.new_context(viewport=viewport, color_scheme=colours, base_url=address)
    page = context.new_page()
    page.set_default_timeout(20_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    asked: list[str] = []
    yield page
    context.close()
    assert [text for text in complaints if not REFUSALS.search(text)] == []
    assert [url for url in asked if not url.startswith((address, "data:"))] == []


@pytest.fixture
def consumer(world: World) -> Iterator[None]:
    """What relay and consumers do, as long as the test runs."""
    stop = Event()

    def work() -> None:
        while not stop.wait(0.02):
            world.consume()

    thread = Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


def test_every_page_can_be_read_by_everybody_and_nothing_sticks_out(
    page: Page, world: World
) -> None:
    axe = (node_modules(print) / "axe-core" / "axe.min.js").read_text()
    told, (thing,) = {}, world.things(1)
    for name, path in PAGES.items():
        page.goto(path.format(thing=thing))
        page.evaluate(f"() => {{ {axe} }}")
        found = page.evaluate(AXE)
        violations = [(v["id"], [node["html"][:200] for node in v["nodes"][:3]]) for v in found]
        width = page.evaluate("document.documentElement.scrollWidth")
        sticks_out = width > page.viewport_size["width"]
        told |= {name: (violations, width)} if violations or sticks_out else {}
    assert told == {}


@pytest.mark.parametrize("page", [(1440, "light")], ids=["screen"], indirect=True)
def test_causes_are_found_replayed_corrected_and_put_on_hold(
    page: Page, world: World, consumer: None
) -> None:
    page.goto("/")
    page.get_by_role("link", name="Dead letters").first.click()
    expect(page.locator("[data-row] .number")).to_have_text(["100", "60", "40"])

    page.locator("[data-row] a", has_text="malformed").click()
    page.get_by_role("button", name="Put on hold").click()
    expect(page.get_by_role("button", name="Release")).to_be_visible()

    page.goto("/groups?kind=failed")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="40 dead letters")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("r")
    page.get_by_label("At most a second").fill("20")
    page.get_by_role("button", name="Replay 40 letters").click()
    expect(page.locator("[data-count=applied]")).to_have_text(UNDER_WAY)  # nobody has reloaded
    expect(page.locator("[data-count=applied]")).to_have_text("40")
    expect(page.locator(".badge.done")).to_be_visible()

    page.goto("/letters?kind=invalid")
    page.locator("[data-row] a").first.click()
    page.keyboard.press("e")
    (thing_id,) = world.things(1)
    world.broken.clear()
    page.get_by_role("textbox").fill(f'{{"thing_id": "{thing_id}", "value": 8}}')
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("status")).to_contain_text("value")
    page.get_by_role("textbox").fill(f'{{"thing_id": "{thing_id}", "value": "eight"}}')
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("status")).to_have_text("It fits the schema.")
    page.get_by_role("button", name="Send 1 corrected command").click()
    expect(page.get_by_role("status")).to_contain_text("Sent as command")

    views = DeadLetterViews(world.database, "tests")
    assert views.count(EVERY) == INVALID + MALFORMED - 1
    held = [group.kind for group in Groups(world.database, "tests").largest(9) if group.on_hold]
    assert held == ["malformed"]


@pytest.mark.parametrize("page", [(1440, "light")], ids=["screen"], indirect=True)
def test_a_command_is_filled_in_checked_and_copied_as_a_program(page: Page, address: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    page.goto("/send?type=thing.UpdateValue")
    page.get_by_label("value").fill("a new one")
    page.get_by_role("button", name="Check only").click()
    expect(page.locator("[data-error=thing_id]")).to_contain_text("required")
    page.get_by_label("thing_id").fill(str(uuid4()))
    page.get_by_role("button", name="Check only").click()
    expect(page.get_by_role("status").first).to_have_text("It fits the schema.")
    expect(page.locator("[data-error=thing_id]")).to_be_empty()
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert '"value": "a new one"' in copied
    compile(copied, "copied", "exec")


@pytest.mark.parametrize("page", [(1440, "light")], ids=["screen"], indirect=True)
def test_live_events_pause_while_nobody_can_see_them(page: Page, desk: Desk) -> None:
    page.goto("/events")
    expect(page.get_by_role("status")).to_contain_text("The broker is away")
    page.evaluate(SEEN, False)
    wait_for(lambda: desk.live.is_idle, "nobody to listen any more")
    page.evaluate(SEEN, True)
    wait_for(lambda: not desk.live.is_idle, "somebody to listen again")


@pytest.mark.parametrize("page", [(1440, "light")], ids=["screen"], indirect=True)
def test_more_than_a_hundred_are_purged_only_once_their_number_is_typed(
    page: Page, world: World
) -> None:
    page.goto("/letters/chosen")
    button = page.get_by_role("button", name="Purge 200 letters")
    form = page.locator("form.danger")
    form.get_by_label("Type 200").fill("20")
    button.click()
    assert page.url.endswith("/letters/chosen")
    form.get_by_label("Type 200").fill("200")
    button.click()
    expect(page.get_by_text("No dead letters: nothing was given up.")).to_be_visible()
    assert DeadLetterViews(world.database, "tests").count(EVERY) == 0


@pytest.mark.parametrize("page", [(1440, "light")], ids=["screen"], indirect=True)
def test_the_keys_choose_rows_and_the_number_is_in_the_button(page: Page, world: World) -> None:
    page.goto("/letters")
    for key in "jxjjx":
        page.keyboard.press(key)
    page.get_by_role("button", name="Look at 2 chosen").click()
    expect(page.get_by_role("heading", name="2 dead letters to replay")).to_be_visible()
    page.go_back()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("nothing says so")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No dead letter fits.")).to_be_visible()
