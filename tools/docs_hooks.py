"""Hooks of MkDocs: what a page says for a plain git host, said in the way of the site."""

import re
from functools import partial
from logging import getLogger
from pathlib import Path
from typing import Any

from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^```(\w+) (\S+)$", re.M)  # ```python domain/account/account.py
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((\.\./[^)#\s]*)[^)]*\)")

log = getLogger("mkdocs.hooks")  # a warning of which ends a strict build


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Give listings their file names as titles, and take away links that lead nowhere."""
    name = page.file.src_uri
    text = LINK.sub(partial(_inside, name), FENCE.sub(_titled, markdown))
    return text + _decisions() if name == "decisions/README.md" else text


def _decisions() -> str:
    """List them, as a git host does by itself."""
    pages = sorted(DOCS.glob("decisions/0*.md"))
    titles = [page.read_text().partition("\n")[0].lstrip("# ") for page in pages]
    return "\n" + "\n".join(
        f"- [{title}]({page.name})" for title, page in zip(titles, pages, strict=True)
    )


def _titled(fence: re.Match[str]) -> str:
    language, about = fence.groups()
    return f'```{language} title="{about}"' if "/" in about else f"```{language}"


def _inside(page: str, link: re.Match[str]) -> str:
    """Name the file that is outside docs/: the site has no page of it."""
    text, target = link.groups()
    path = (DOCS / page).parent.joinpath(target).resolve()
    if path.is_relative_to(DOCS):
        return link[0]
    if not path.exists():
        log.warning("%s links to %s, which is not there.", page, target)
    name = str(path.relative_to(ROOT))
    return f"`{name}`" if text in name else f"{text} (`{name}`)"
