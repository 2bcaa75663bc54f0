"""What is found: one sentence, and the way out where there is something to mend."""

from typing import NamedTuple

OK, WARNING, WRONG, UNKNOWN = "ok", "warning", "wrong", "unknown"
SUBJECTS = ("settings", "broker", "topology", "database", "processes", "work")


class Finding(NamedTuple):
    """`wrong` breaks a promise or will; `warning` is for people to know; `unknown` was not seen."""

    subject: str
    state: str
    sentence: str
    way_out: str = ""


def ok(subject: str, sentence: str) -> Finding:
    return Finding(subject, OK, sentence)


def warning(subject: str, sentence: str, way_out: str) -> Finding:
    return Finding(subject, WARNING, sentence, way_out)


def wrong(subject: str, sentence: str, way_out: str) -> Finding:
    return Finding(subject, WRONG, sentence, way_out)


def unknown(subject: str, sentence: str, way_out: str) -> Finding:
    return Finding(subject, UNKNOWN, sentence, way_out)
