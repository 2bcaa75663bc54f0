"""Lengths of time, as people say them."""

_UNITS = ((86400, "days"), (3600, "h"), (60, "min"))


def length(seconds: float) -> str:
    """Return the length in the largest unit of which there are two: 90 s, 3 min, 25 h, 4 days."""
    for size, unit in _UNITS:
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
