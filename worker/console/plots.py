"""Plots as SVG: no program makes them, so they are there at once, and can be printed."""

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 600, 120

Values = Sequence[float | None]

_SVG = Markup(
    '<svg class="plot" viewBox="0 0 {w} {h}" preserveAspectRatio="none" role="img"'
    ' aria-label="{about}">{lines}</svg>'
)
_LINE = Markup('<polyline class="{kind}" points="{points}" vector-effect="non-scaling-stroke"/>')


def plot(about: str, lines: dict[str, Values], places: int) -> Markup:
    """Return one picture with lines, by their kind; the latest value is at the right.

    `places`: how many values fill the width. Where a value is missing, a line has a gap.
    """
    most = max((v for values in lines.values() for v in values if v), default=0) or 1
    parts = [
        _LINE.format(kind=kind, points=" ".join(piece))
        for kind, values in lines.items()
        for piece in _pieces(values, most, places)
    ]
    return _SVG.format(w=WIDTH, h=HEIGHT, about=about, lines=Markup("").join(parts))


def top(lines: dict[str, Values]) -> float:
    """Return the largest value, which is at the top of the plot."""
    return max((v for values in lines.values() for v in values if v), default=0)


def _pieces(values: Values, most: float, places: int) -> list[list[str]]:
    pieces: list[list[str]] = [[]]
    for place, value in enumerate(values, start=places - len(values)):
        if value is None:
            pieces.append([])
        else:
            x = WIDTH * place / max(places - 1, 1)
            pieces[-1].append(f"{x:.1f},{HEIGHT - 2 - (HEIGHT - 6) * value / most:.1f}")
    return [piece for piece in pieces if piece]


def sparkline(counts: Sequence[int]) -> Markup:
    """Return bars for the counts of a day."""
    most, width = max(*counts, 1), 4
    bar = Markup('<rect x="{x}" y="{y}" width="3" height="{h}"/>')
    bars = [
        bar.format(x=place * width, y=20 - h, h=h)
        for place, number in enumerate(counts)
        if number and (h := max(2, round(20 * number / most)))
    ]
    svg = Markup(
        '<svg class="spark" viewBox="0 0 {w} 20" role="img" aria-label="{about}">{b}</svg>'
    )
    about = f"{sum(counts)} in the last day"
    return svg.format(w=len(counts) * width, about=about, b=Markup("").join(bars))
