"""The docs as a site: built as `make lint` builds it, and fit to be served anywhere."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from shutil import copy, copytree

import pytest

from tests.support.project import PYTHON, ROOT, environment

LOADED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src"}


def build(project: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=project,
        env=environment(NO_MKDOCS_2_WARNING="1"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def contents(site: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(site)): path.read_bytes() for path in site.rglob("*") if path.is_file()
    }


class Asked(HTMLParser):
    """Collects what a browser loads by itself to show a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(LOADED.get(tag, ""))
        if address is not None:
            self.addresses.append(address)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    result = build(ROOT, folder)
    assert result.returncode == 0, result.stderr
    assert all(line.startswith("INFO ") for line in result.stderr.splitlines()), result.stderr
    assert result.stdout == ""
    return folder


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    copytree(ROOT / "docs", tmp_path / "docs")
    (tmp_path / "tools").mkdir()
    copy(ROOT / "tools" / "docs_hooks.py", tmp_path / "tools")
    copy(ROOT / "mkdocs.yml", tmp_path)
    for name in set(re.findall(r"\]\(\.\./([^)#]+)", all_pages(tmp_path / "docs"))):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def all_pages(folder: Path) -> str:
    return "\n".join(page.read_text() for page in folder.rglob("*.md"))


def test_no_page_asks_another_host(site: Path) -> None:
    pages = {page.name: page.read_text() for page in site.rglob("*.html")}
    addresses = [address for page in pages.values() for address in Asked(page).addresses]
    styles = "".join(style.read_text() for style in site.rglob("*.css")) + "".join(pages.values())
    addresses += re.findall(r"""(?:url\(|@import )\s*["']?([^"')]+)""", styles)
    assert any(address.endswith(".css") for address in addresses)
    assert not [address for address in addresses if re.match(r"(?:\w+:)?//", address)]


def test_no_page_has_a_diagram_for_which_the_theme_fetches_a_program(site: Path) -> None:
    assert not [page for page in site.rglob("*.html") if 'class="mermaid"' in page.read_text()]


def test_every_listing_is_shown_as_a_listing(site: Path) -> None:
    assert not [page.name for page in site.rglob("*.html") if "```" in page.read_text()]


def test_a_listing_of_a_file_has_its_name_as_title(site: Path) -> None:
    tutorial = (site / "tutorial.html").read_text()
    assert '<span class="filename">domain/account/commands.py</span>' in tutorial


def test_the_page_about_decisions_lists_each(site: Path) -> None:
    names = [page.stem for page in (ROOT / "docs" / "decisions").glob("0*.md")]
    page = (site / "decisions" / "index.html").read_text()
    assert [name for name in names if f'href="{name}.html"' not in page] == []


@pytest.mark.slow
def test_the_same_pages_make_the_same_site(site: Path, tmp_path: Path) -> None:
    build(ROOT, tmp_path)
    assert contents(tmp_path) == contents(site)


@pytest.mark.slow
def test_the_build_fails_for_whatever_leads_nowhere(copied: Path) -> None:
    with (copied / "docs" / "index.md").open("a") as index:
        index.write("\n[a file](../nowhere.py) [a place](recipes.md#nowhere)\n")
    (copied / "docs" / "lonely.md").write_text("# A page that the navigation forgot\n")
    result = build(copied, copied / "site")
    assert result.returncode == 1
    nowhere = ["nowhere.py", "#nowhere", "lonely.md"]
    assert [name for name in nowhere if name in result.stderr] == nowhere
    assert "3 warnings" in result.stdout
