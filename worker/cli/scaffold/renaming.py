"""The sample's text with another name: code, wire names and sentences, each in its own form."""

import re
from collections.abc import Iterator

from worker.cli.scaffold.names import Name

_LITERAL = re.compile(
    r'[rbfRBF]*(?:"""[\s\S]*?"""' + r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|#[^\n]*"""
)
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_SAMPLE = re.compile(r"(?<![A-Za-z])([Ee])ntit(y|ies)(?![a-z])")
_AN = re.compile(r"(?<![A-Za-z])([Aa])n(?=[ _]`?[Ee]ntity(?![a-z]))")
# What stands before or behind a name that a program reads, in a string or in a comment.
_BEFORE_CODE = re.compile(r"[./_`{]$")
_BEHIND_CODE = re.compile(r"[./_]\w|[`}A-Z]")


def renamed_path(path: str, name: Name) -> str:
    return _in_code(path, name)


def renamed_python(source: str, name: Name) -> str:
    """Return Python code with the sample's name replaced."""
    return "".join(
        _in_sentences(part, name) if is_literal else _in_code(part, name)
        for part, is_literal in _parts(source)
    )


def renamed_sentences(text: str, name: Name) -> str:
    """Return what people read, a feature file, with the sample's name replaced."""
    return _in_sentences(text, name)


def ambiguous(source: str, name: Name) -> set[str]:
    """Return the identifiers that would stand for two things: the sample has one of that name."""
    code = " ".join(part for part, is_literal in _parts(source) if not is_literal)
    known = set(_IDENTIFIER.findall(code))
    kept = {identifier for identifier in known if not _SAMPLE.search(identifier)}
    return kept & {_in_code(identifier, name) for identifier in known - kept}


def _parts(source: str) -> Iterator[tuple[str, bool]]:
    """Give the pieces of Python code, and whether each is a string or a comment."""
    end = 0
    for literal in _LITERAL.finditer(source):
        yield source[end : literal.start()], False
        yield literal[0], True
        end = literal.end()
    yield source[end:], False


def _in_code(code: str, name: Name) -> str:
    def form(match: re.Match[str]) -> str:
        if match[1] == "E":
            return name.class_name
        return name.package if match[2] == "y" else name.table

    return _SAMPLE.sub(form, _with_article(code, name))


def _in_sentences(text: str, name: Name) -> str:
    if _IDENTIFIER.fullmatch(text.strip("\"'")):  # a string that is one name
        return _in_code(text, name)
    text = _with_article(text, name)

    def form(match: re.Match[str]) -> str:
        before, behind = text[: match.start()], text[match.end() :]
        if _BEFORE_CODE.search(before[-1:]) or _BEHIND_CODE.match(behind):
            return _in_code(match[0], name)
        words = name.words if match[2] == "y" else name.plural_words
        return words.capitalize() if match[1] == "E" else words

    return _SAMPLE.sub(form, text)


def _with_article(text: str, name: Name) -> str:
    return _AN.sub(lambda match: match[1] + name.article[1:], text)
