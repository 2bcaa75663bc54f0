"""What letters of the same cause have in common, however their ids, numbers and texts differ."""

import re
from hashlib import sha256

LENGTH = 12  # hexadecimal digits: what a person can copy, and no two causes share
_LOOKED_AT = 2000  # characters of a reason

_FRAME = re.compile(r'^[ |]*File "([^"\n]+)", line \d+, in (.+)$', re.MULTILINE)
_CLASS = re.compile(r"^(?: *\| )?([A-Za-z_][\w.]*)(?=:|$)", re.MULTILINE)
_NOT_OURS = re.compile(r"[/\\](site|dist)-packages[/\\]|[/\\]lib(64)?[/\\]python\d|^<")
_VARIABLE = re.compile(
    r"""(?<!\w)'[^'\n]*'(?!\w) | "[^"\n]*" | `[^`\n]*`
    | \b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b
    | \b0[xX][0-9a-fA-F]+\b
    | \b(?=[a-fA-F]*\d)[0-9a-fA-F]{8,}\b
    | (?:(?<!\w)[+-])?\d+(?:[.,:T+-]\d+)*(?:[eE][+-]?\d+|Z\b)?""",
    re.VERBOSE,
)
_SEVERAL = re.compile("#(?:, #)+")


def fingerprint(kind: str, type: str | None, reason: str, traceback: str | None) -> str:
    """Return the name of the group to which such a letter belongs.

    The kind is the code that senders get. Frames count without their lines and folders, which
    differ between releases and machines.
    """
    parts = (kind, type or "", *_place(traceback or ""), normal(reason))
    return sha256("\n".join(parts).encode(errors="replace")).hexdigest()[:LENGTH]


def normal(reason: str) -> str:
    """Return the reason without ids, numbers and quoted parts; several in a row are as one."""
    return _SEVERAL.sub("#", _VARIABLE.sub("#", reason[:_LOOKED_AT]))


def _place(traceback: str) -> tuple[str, str]:
    """Return the class of the exception, and the innermost frame that is no library's."""
    frames = list(_FRAME.finditer(traceback))
    if not frames:
        return "", ""
    raised = _CLASS.search(traceback, frames[-1].end() + 1)
    ours = [frame for frame in frames if not _NOT_OURS.search(frame[1])]
    return raised[1] if raised else "", _shown(ours[-1]) if ours else ""


def _shown(frame: re.Match[str]) -> str:
    """Return the last folder, the file and the function."""
    path = re.split(r"[/\\]", frame[1])
    return f"{'/'.join(path[-2:])} {frame[2]}"
