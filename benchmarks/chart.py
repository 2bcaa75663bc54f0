"""A bar chart as SVG, by hand: a few rectangles, readable on a light and on a dark page."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

_WIDTH, _LABELS, _ROW, _TOP = 720, 150, 30, 40
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.number { font-variant-numeric: tabular-nums }
rect { fill: #8c959f }
.ours { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  rect { fill: #6e7681 }
  .ours { fill: #4493f8 }
}"""


def chart(title: str, bars: Mapping[str, float]) -> str:
    """Return one bar a name, the longest first; names that begin with "ours" stand out."""
    scale = (_WIDTH - _LABELS - 80) / max(bars.values())
    rows = sorted(bars.items(), key=lambda bar: -bar[1])
    height = _TOP + _ROW * len(rows)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
            f' width="{_WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">',
            f"<style>\n{_STYLE}\n</style>",
            f'<text class="title" x="0" y="18">{escape(title)}</text>',
            *(
                _bar(name, value, value * scale, _TOP + _ROW * number)
                for number, (name, value) in enumerate(rows)
            ),
            "</svg>\n",
        ]
    )


def _bar(name: str, value: float, length: float, top: int) -> str:
    kind = ' class="ours"' if name.startswith("ours") else ""
    middle = top + 15
    return (
        f'<text x="{_LABELS - 10}" y="{middle}" text-anchor="end">{escape(name)}</text>'
        f'<rect{kind} x="{_LABELS}" y="{top}" width="{length:.0f}" height="20" rx="3"/>'
        f'<text class="number" x="{_LABELS + length + 8:.0f}" y="{middle}">{value:,.0f}</text>'
    )
