"""The table of what may be changed, docs/changes.md: made of the rules."""

from collections.abc import Iterator

from worker.compatibility.rules import ERROR, INFO, RULES, WARNING

_HEADING = {
    ERROR: "## What fails the check",
    WARNING: "## What is told, and passes",
    INFO: "## What breaks nobody",
}


def changes() -> str:
    """Return the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# What may be changed"
    yield ""
    yield (
        "Made of the rules of `worker catalog check` (`worker/compatibility/rules.py`), which"
        " compares with the released"
    )
    yield (
        "contracts in `contract/`. How to make a change that would break others is told in"
        " [versions.md](versions.md)."
    )
    for level, heading in _HEADING.items():
        yield from ("", heading, "", "| Change | Rule | Who breaks | The way out |")
        yield "|---|---|---|---|"
        for rule in RULES.values():
            if rule.level == level:
                yield f"| {rule.change} | `{rule.id}` | {rule.who} | {rule.way_out} |"
    yield ""
