"""What is made from the sample, and what it cannot be called."""

import re

import pytest

from worker.cli.scaffold import sample
from worker.cli.scaffold.names import Name

CART = Name("shopping_cart")


@pytest.mark.parametrize(
    ("package", "obstacle"),
    [
        ("messages", "domain/messages.py is there already"),
        ("handling", "domain/handling.py is there already"),
        ("exceptions", "domain/exceptions.py is there already"),
        ("codec", "schemas/codec.py is there already"),
        ("inbox", "persistence/inbox.py is there already"),
        ("migrations", "persistence/migrations is there already"),
        ("retry", "there is a table retries already"),
        ("dead_letter", "there is a table dead_letters already"),
        ("command", "`command` means something else in domain/entity/service.py"),
        ("event", "`Event` means something else in domain/entity/entity.py"),
        ("created", "`Created` means something else in domain/entity/entity.py"),
        ("identity", "`identity` means something else in domain/entity/commands.py"),
        ("persistence", "`persistence` means something else in persistence/entity/table.py"),
        ("world", "`world` means something else in tests/features/test_entity.py"),
    ],
)
def test_a_name_that_something_else_has_is_refused(package, obstacle):
    assert any(found.startswith(obstacle) for found in sample.obstacles(Name(package)))


@pytest.mark.parametrize("package", ["account", "shopping_cart", "handlers", "entity_group", "box"])
def test_nothing_stands_in_the_way_of_a_good_name(package):
    assert list(sample.obstacles(Name(package))) == []


def test_nothing_of_the_sample_s_name_is_left_in_what_is_made():
    for path, text in sample.drafts(CART).items():
        assert not re.search("entit(y|ies)", path.replace("identity", ""))
        assert not re.search("(?<!id)entit(y|ies)", text, re.IGNORECASE)


def test_nothing_that_is_made_calls_itself_a_sample():
    for text in sample.drafts(CART).values():
        assert "sample" not in text.lower()
