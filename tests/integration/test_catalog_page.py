"""The page of the catalogue in a browser, on a screen and on a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.sample.aggregates import ORDER
from tests.support.component import settings
from tools.chromium import chromium
from tools.node import node_modules
from worker.catalog.document import document
from worker.catalog.page import page
from worker.composition import compose

pytestmark = pytest.mark.server  # a browser is no server, but has to be had in the same way


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the page, in a file."""
    file = tmp_path_factory.mktemp("page") / "catalog.html"
    file.write_text(page(document(compose(settings(), [ORDER]), "1.2.0")))
    return file.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program: Path = chromium(print)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(params=[(1440, "light"), (390, "dark")], ids=["screen", "phone"])
def shown(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """The page on a screen in light colours, and on a phone in dark ones."""
    width, colours = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=colours,
        bypass_csp=True,  # for axe, which the test brings
    )
    shown = context.new_page()
    complaints: list[str] = []
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(address)
    yield shown
    assert complaints == []
    assert asked == [address]
    context.close()


def test_it_can_be_read_by_everybody(shown: Page) -> None:
    shown.add_script_tag(path=node_modules(print) / "axe-core" / "axe.min.js")
    violations = shown.evaluate("axe.run().then(({ violations }) => violations)")
    told = [(v["id"], [node["html"] for node in v["nodes"]]) for v in violations]
    assert told == []


def test_nothing_sticks_out(shown: Page) -> None:
    assert shown.evaluate("document.documentElement.scrollWidth") == shown.viewport_size["width"]


def test_the_search_leaves_the_messages_that_have_all_words(shown: Page) -> None:
    shown.keyboard.press("/")
    shown.keyboard.type("too-much quantity")
    found = shown.locator("article:visible").evaluate_all("all => all.map(({ id }) => id)")
    assert found == ["order.AddLine"]
    assert "1 message" in shown.locator("#found").inner_text()
    shown.keyboard.press("Escape")
    assert shown.locator("article:visible").count() > 1


def test_a_language_that_is_chosen_once_is_chosen_everywhere(shown: Page) -> None:
    article = shown.locator("[id='order.Close']")
    article.get_by_role("tab", name="Node").click()
    other = shown.locator("[id='order.Place']")
    assert "amqplib" in other.get_by_role("tabpanel").inner_text()
    assert other.get_by_role("tab", selected=True).inner_text() == "Node"


def test_a_program_can_be_copied(shown: Page) -> None:
    article = shown.locator("[id='order.Place']")
    article.get_by_role("tab", name="curl").click()
    article.get_by_role("button", name="Copy").click()
    assert article.get_by_role("button", name="Copied").is_visible()
