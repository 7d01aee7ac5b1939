"""A line chart as SVG, to be looked at beside the document it belongs to."""

from collections.abc import Mapping, Sequence

WIDTH, HEIGHT, MARGIN, LEGEND = 640, 280, 48, 150
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#999933", "#882255")
STYLE = "font-family='sans-serif' font-size='12' fill='#555'"


def lines(x_name: str, y_name: str, xs: Sequence[float], series: Mapping[str, Sequence[float | None]]) -> str:
    """Return a chart of each series over `xs`, both axes from zero; where a series has None, it has no point."""
    right, top = max(xs), max(y for ys in series.values() for y in ys if y is not None)
    drawn = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH + LEGEND} {HEIGHT}' {STYLE}>",
        f"<rect width='{WIDTH + LEGEND}' height='{HEIGHT}' fill='white'/>",
        *(_tick(_across(share), HEIGHT - MARGIN + 16, "middle", share * right) for share in (0, 0.5, 1)),
        *(_tick(MARGIN - 6, _up(share) + 4, "end", share * top) for share in (0, 0.5, 1)),
        f"<text x='{_across(0.5)}' y='{HEIGHT - 12}' text-anchor='middle'>{x_name}</text>",
        f"<text x='{MARGIN}' y='16'>{y_name}</text>",
        *(f"<path d='M{MARGIN} {_up(share)}H{WIDTH}' stroke='#ddd'/>" for share in (0, 0.5, 1)),
    ]
    for number, (name, ys) in enumerate(series.items()):
        colour, height = COLOURS[number % len(COLOURS)], MARGIN + 18 * number
        there = [(x, y) for x, y in zip(xs, ys, strict=True) if y is not None]
        points = " ".join(f"{_across(x / right):.1f},{_up(y / top):.1f}" for x, y in there)
        drawn.append(f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='1.5'/>")
        drawn.append(f"<rect x='{WIDTH + 12}' y='{height - 9}' width='10' height='10' fill='{colour}'/>")
        drawn.append(f"<text x='{WIDTH + 28}' y='{height}'>{name}</text>")
    return "\n".join([*drawn, "</svg>\n"])


def _across(share: float) -> float:
    return MARGIN + share * (WIDTH - 2 * MARGIN)


def _up(share: float) -> float:
    return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)


def _tick(x: float, y: float, anchor: str, value: float) -> str:
    return f"<text x='{x}' y='{y}' text-anchor='{anchor}'>{value:,.0f}</text>"
