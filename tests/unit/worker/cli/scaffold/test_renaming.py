"""The sample's text with another name: each kind of text in its own form."""

import pytest

from worker.cli.scaffold.names import Name
from worker.cli.scaffold.renaming import (
    ambiguous,
    renamed_path,
    renamed_python,
    renamed_sentences,
)

CART, BOX = Name("shopping_cart"), Name("box")


@pytest.mark.parametrize(
    ("code", "renamed"),
    [
        ("entity.update(entities)", "shopping_cart.update(shopping_carts)"),
        ("from domain.entity.identity import EntityID", None),
        ("new_entity_id", "new_shopping_cart_id"),
        ("EntityDTO", "ShoppingCartDTO"),
        ("identity", "identity"),
        ("def an_entity_with(): ...", "def a_shopping_cart_with(): ..."),
        ('name = "entity"', 'name = "shopping_cart"'),
        ('Table("entities")', 'Table("shopping_carts")'),
        ('type = "entity.Create"', 'type = "shopping_cart.Create"'),
        ('{"entity_id": 1}', '{"shopping_cart_id": 1}'),
        ('-> tuple["Entity", None]', '-> tuple["ShoppingCart", None]'),
        ('f"/{entity}/{entity.id}"', 'f"/{shopping_cart}/{shopping_cart.id}"'),
        ('"""The state of an `Entity`."""', '"""The state of a `ShoppingCart`."""'),
        ('"""An entity. Entities: all."""', '"""A shopping cart. Shopping carts: all."""'),
        ("# of entities, as in domain/entity", "# of shopping carts, as in domain/shopping_cart"),
        ("@given('an entity \"{value}\"')", "@given('a shopping cart \"{value}\"')"),
        ("# isn't an entity", "# isn't a shopping cart"),
        ('x = "an entity"  # "entity" isn\'t', 'x = "a shopping cart"  # "shopping cart" isn\'t'),
    ],
)
def test_code_and_sentences_are_renamed_each_in_its_form(code, renamed):
    expected = renamed or "from domain.shopping_cart.identity import ShoppingCartID"
    assert renamed_python(code, CART) == expected


def test_a_feature_is_renamed_as_sentences():
    text = 'Scenario: An entity\n  Given an entity with "blue"\n  And another entity\n'
    assert renamed_sentences(text, BOX) == (
        'Scenario: A box\n  Given a box with "blue"\n  And another box\n'
    )


def test_a_path_is_renamed_as_code():
    assert renamed_path("tests/features/test_entity.py", CART) == (
        "tests/features/test_shopping_cart.py"
    )


def test_a_name_that_holds_the_sample_s_is_put_in_once():
    assert renamed_python("entity = entities  # an entity", Name("entity_group")) == (
        "entity_group = entity_groups  # an entity group"
    )


def test_an_identifier_that_would_stand_for_two_things_is_found():
    assert ambiguous("class Entity(Event): ...", Name("event")) == {"Event"}
    assert ambiguous("class Entity(Event): ...  # account", Name("account")) == set()
