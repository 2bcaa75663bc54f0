"""What an aggregate may be called, and what comes of its name."""

import click
import pytest

from worker.cli.scaffold.names import Name, parse, require_own


@pytest.mark.parametrize("text", ["shopping-cart", "shopping_cart", "ShoppingCart", "shoppingCart"])
def test_two_words_are_one_name_however_they_are_written(text):
    name = parse(text)
    assert (name.package, name.class_name, name.words, name.table) == (
        "shopping_cart",
        "ShoppingCart",
        "shopping cart",
        "shopping_carts",
    )


@pytest.mark.parametrize(
    ("text", "package", "class_name"),
    [
        ("account", "account", "Account"),
        ("HTTPServer", "http_server", "HttpServer"),
        ("SKU", "sku", "Sku"),
        ("cart-2", "cart_2", "Cart2"),
        ("license", "license", "License"),
    ],
)
def test_a_name_becomes_a_package_and_a_class(text, package, class_name):
    name = parse(text)
    require_own(name)
    assert (name.package, name.class_name) == (package, class_name)


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("account", "accounts"),
        ("box", "boxes"),
        ("bus", "buses"),
        ("match-day", "match_days"),
        ("branch", "branches"),
        ("dish", "dishes"),
        ("category", "categories"),
        ("day", "days"),
        ("person", "persons"),
        ("order-entry", "order_entries"),
    ],
)
def test_a_table_is_named_by_the_plural(text, table):
    assert parse(text).table == table


@pytest.mark.parametrize(
    ("package", "article"),
    [
        ("account", "an"),
        ("box", "a"),
        ("order", "an"),
        ("user", "a"),
        ("unit", "a"),
        ("utility", "a"),
        ("hour", "an"),
        ("house", "a"),
        ("upload", "an"),
    ],
)
def test_sentences_have_the_right_article(package, article):
    assert Name(package).article == article


@pytest.mark.parametrize(
    "text", ["", " ", "2nd", "účet", "a b", "cart!", "-cart", "cart_", "a__b", "x/y", "ﬁ", "a\n"]
)
def test_what_is_no_word_is_refused_with_an_example(text):
    with pytest.raises(click.ClickException, match="is no name: take words of ASCII letters"):
        parse(text)


@pytest.mark.parametrize("text", ["class", "import", "match", "type", "None", "none", "list"])
def test_a_word_of_python_s_own_is_refused(text):
    with pytest.raises(click.ClickException, match="a word of Python's own: take another name"):
        require_own(parse(text))


def test_an_exception_of_python_s_own_is_refused_as_a_class():
    with pytest.raises(click.ClickException, match="Warning is a word of Python's own"):
        require_own(parse("warning"))


def test_a_name_that_makes_names_too_long_for_a_database_is_refused():
    parse("a" * 30)
    with pytest.raises(click.ClickException, match="too long: take a name of at most 30"):
        parse("a" * 31)
