"""A regular expression for the decimals between two numbers, as JSON Schema has no other limit."""

from decimal import Decimal


def pattern_between(low: Decimal, high: Decimal, places: int) -> str:
    """Return what matches a number from `low` to `high`, without leading zeros or needless sign.

    It may have fewer places. No look-around: every dialect of regular expressions knows the rest.
    """
    below = _between(max(Decimal(0), -high), -low, places) if low <= 0 else []
    above = _between(max(Decimal(0), low), high, places) if high >= 0 else []
    if below == above:
        return f"^-?({'|'.join(above)})$"
    return f"^({'|'.join([*(f'-{part}' for part in below), *above])})$"


def _between(low: Decimal, high: Decimal, places: int) -> list[str]:
    """Return one alternative for each number of digits before the point; full ones are joined."""
    least, most = (_digits(number, places) for number in (low, high))
    first, last = len(least) - places, len(most) - places
    full: list[int] = []
    parts = []
    for length in range(first, last + 1):
        smallest = "0" * (1 + places) if length == 1 else "1" + "0" * (length - 1 + places)
        begin = least if length == first else smallest
        end = most if length == last else "9" * (length + places)
        if length > 1 and (begin, end) == (smallest, "9" * (length + places)):
            full.append(length)
        else:
            parts.append(_rest(begin, end, length))
    if full:
        behind = _rest("0" * places, "9" * places, 0)
        parts.append(f"[1-9][0-9]{_times(full[0] - 1, full[-1] - 1)}{behind}")
    return parts


def _digits(number: Decimal, places: int) -> str:
    return str(int(number.scaleb(places))).zfill(1 + places)


def _rest(low: str, high: str, whole: int) -> str:
    """Match the digits from `low` to `high`, `whole` of them before the point.

    Zeros at the end may be left out behind the point, and then the point too.
    """
    if not low:
        return ""
    if whole > 0:
        return _either(_by_first_digit(low, high, whole - 1))
    begins_at_zero = low.strip("0") == ""
    if begins_at_zero and high.strip("9") == "":
        behind = f"[0-9]{_times(1 if whole == 0 else 0, len(low))}"
        return rf"(\.{behind})?" if whole == 0 else behind
    behind = _either(_by_first_digit(low, high, whole - 1))
    if whole == 0:
        behind = rf"\.{behind}"
    return f"({behind})?" if begins_at_zero else behind


def _by_first_digit(low: str, high: str, whole: int) -> list[str]:
    zeros, nines = "0" * (len(low) - 1), "9" * (len(low) - 1)
    begin, end = int(low[0]), int(high[0])
    if begin == end:
        return [low[0] + _rest(low[1:], high[1:], whole)]
    parts = []
    if low[1:] != zeros:
        parts.append(low[0] + _rest(low[1:], nines, whole))
        begin += 1
    if high[1:] != nines:
        end -= 1
    if begin <= end:
        parts.append(_one_of(begin, end) + _rest(zeros, nines, whole))
    if high[1:] != nines:
        parts.append(high[0] + _rest(zeros, high[1:], whole))
    return parts


def _either(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({'|'.join(parts)})"


def _one_of(begin: int, end: int) -> str:
    return str(begin) if begin == end else f"[{begin}-{end}]"


def _times(least: int, most: int) -> str:
    if least == most:
        return "" if least == 1 else f"{{{least}}}"
    if (least, most) == (0, 1):
        return "?"
    return f"{{{least},{most}}}"
