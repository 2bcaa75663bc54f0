"""One name in all its forms: package, class, table, words; and which names cannot be taken."""

import builtins
import keyword
import re
from dataclasses import dataclass

import click

LONGEST = 30  # a name of PostgreSQL holds 63 characters: with plural, prefix and constraint

_SHAPE = re.compile(r"[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*", re.ASCII)
_NEXT_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|-")
_SOUNDS_LIKE_A_CONSONANT = re.compile(r"uni|us|ut|eu|one")
_SOUNDS_LIKE_A_VOWEL = re.compile(r"[aeiou]|hour|hon|heir")


@dataclass(frozen=True)
class Name:
    """What an aggregate is called: `package` is its package, its wire name, and begins its key."""

    package: str

    @property
    def words(self) -> str:
        return self.package.replace("_", " ")

    @property
    def class_name(self) -> str:
        return "".join(word.capitalize() for word in self.package.split("_"))

    @property
    def table(self) -> str:
        return _plural(self.package)

    @property
    def plural_words(self) -> str:
        return _plural(self.words)

    @property
    def article(self) -> str:
        """Return "a" or "an"."""
        if _SOUNDS_LIKE_A_CONSONANT.match(self.package):
            return "a"
        return "an" if _SOUNDS_LIKE_A_VOWEL.match(self.package) else "a"


def parse(text: str) -> Name:
    """Return the name; `ShoppingCart`, `shopping-cart` and `shopping_cart` are the same."""
    if not _SHAPE.fullmatch(text):
        raise click.ClickException(
            f"{text!r} is no name: take words of ASCII letters and digits, such as account,"
            " shopping-cart or ShoppingCart."
        )
    name = Name(_NEXT_WORD.sub("_", text).lower())
    if len(name.package) > LONGEST:
        raise click.ClickException(
            f"{name.package} is too long: take a name of at most {LONGEST} characters."
        )
    return name


def require_own(name: Name) -> None:
    """Refuse a name that Python has given away."""
    for form in (name.package, name.class_name, name.table):
        if keyword.iskeyword(form) or keyword.issoftkeyword(form) or _is_builtin(form):
            raise click.ClickException(
                f"{form} is a word of Python's own: take another name, such as my-{name.words}."
            )


def _is_builtin(form: str) -> bool:
    """Tell whether Python itself defines it; `license` and the like are for its prompt only."""
    return type(getattr(builtins, form, None)).__module__ != "_sitebuiltins" and hasattr(
        builtins, form
    )


def _plural(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}s"
