"""The list of aggregates, edited as text: what a person wrote there stays as it is."""

import click
import pytest

from worker.cli.scaffold.entry import Entries

SOURCE = '''"""The list — of all."""

import domain.entity.commands
import domain.order.commands
from schemas.order import SCHEMAS
from worker.component import Aggregate

AGGREGATES = (
    # The first.
    Aggregate(name="ž", commands=domain.entity.commands),
    # The second: „Ž“.
    Aggregate(
        name="order",
        commands=domain.order.commands,  # as ever
        schemas=SCHEMAS,
    ),
)
'''
NEW = "Aggregate(commands=domain.box.commands)"


def test_the_entries_are_known_by_their_packages():
    assert Entries(SOURCE).packages == ["entity", "order"]


def test_an_entry_is_given_with_its_imports():
    entries = Entries(SOURCE)
    assert entries.entry("entity") == 'Aggregate(name="ž", commands=domain.entity.commands)'
    assert entries.imports("order") == (
        "import domain.order.commands\nfrom schemas.order import SCHEMAS"
    )


def test_a_new_entry_is_the_last_one():
    source = Entries(SOURCE).with_entry(NEW, "import domain.box.commands")
    assert Entries(source).packages == ["entity", "order", "box"]
    assert Entries(source).imports("box") == "import domain.box.commands"
    assert "# as ever" in source


def test_an_entry_goes_with_its_imports_and_nothing_else_does():
    source = Entries(SOURCE).without_entry("order")
    assert Entries(source).packages == ["entity"]
    assert "order" not in source
    assert "# The first." in source


def test_the_first_of_two_entries_can_go():
    assert Entries(Entries(SOURCE).without_entry("entity")).packages == ["order"]


@pytest.mark.parametrize(
    "listed",
    ["AGGREGATES = ()", "AGGREGATES: tuple[Aggregate, ...] = ()", "AGGREGATES = (\n)\n"],
)
def test_the_first_entry_can_be_put_into_an_empty_list(listed):
    source = Entries(f"import worker\n\n{listed}").with_entry(NEW, "import domain.box.commands")
    assert Entries(source).packages == ["box"]


def test_an_entry_without_a_comma_behind_it_can_be_followed_and_can_go():
    source = "import a\n\nAGGREGATES = (Aggregate(domain.a.b), Aggregate(domain.c.d))"
    assert Entries(Entries(source).with_entry(NEW, "")).packages == ["a", "c", "box"]
    assert Entries(Entries(source).without_entry("c")).packages == ["a"]


@pytest.mark.parametrize("listed", ["AGGREGATES = [Aggregate()]", "AGGREGATES = made()", "A = ()"])
def test_a_list_of_another_form_is_left_alone(listed):
    with pytest.raises(click.ClickException, match="has no `AGGREGATES = "):
        Entries(listed)
