"""Lists on a terminal: tables that others' text can neither steer nor break."""

from datetime import UTC, datetime
from io import StringIO
from unittest.mock import patch

from rich.console import Console

from worker.cli import listing


def shown(*items: dict[str, object], width: int = 100) -> str:
    """Return what a terminal shows of the items."""
    screen = StringIO()
    terminal = Console(file=screen, force_terminal=True, width=width, no_color=True)
    with patch.object(listing, "console", terminal):
        listing.show_list(items, ["id", "other_id", "what"], "There is nothing.", as_json=False)
    return screen.getvalue()


def test_an_empty_list_is_told_in_words():
    assert shown() == "There is nothing.\n"


def test_a_list_is_a_table():
    text = shown({"id": 7, "what": "a thing", "more": "unseen"}, {"id": 8, "what": None})
    assert "│ 7  │ a thing │" in text
    assert "│ 8  │ -       │" in text
    assert "unseen" not in text


def test_what_others_wrote_neither_steers_the_terminal_nor_is_markup():
    text = shown({"id": 7, "what": "\x9b31m[bold]x[/bold]"})
    assert "\\x9b31m[bold]x[/bold]" in text


def test_times_are_short_and_parameters_are_json():
    assert "11-25 21:05:09" in shown({"id": 7, "what": datetime(2026, 11, 25, 21, 5, 9, 5, UTC)})
    assert '{"ids": ["\\u0085"]}' in shown({"id": 7, "what": {"ids": ["\x85"]}})


def test_ids_of_other_things_are_shown_where_there_is_room():
    item: dict[str, object] = {"id": 7, "other_id": "b" * 36, "what": "x"}
    assert "b" * 36 in shown(item, width=120)
    assert "b" not in shown(item, width=119)
