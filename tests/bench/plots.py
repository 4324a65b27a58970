# SPDX-License-Identifier: MIT
"""Bar charts as SVG: a bar for the median, a line from the least value to the
greatest."""

from html import escape

from results import show

WIDTH = 760
LEFT = 300
RIGHT = 90
ROW = 26
BAR = 14
TOP = 44
BAR_COLOUR = "#4878a8"
OURS_COLOUR = "#c8553d"
STYLE = "font-family='sans-serif' font-size='13' fill='#222'"


def nice_limit(value):
    """The least round number that is not less."""
    power = 1
    while power * 10 < value:
        power *= 10
    return next(n * power for n in (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
                if n * power >= value)


def text(x, y, content, anchor="start", more=""):
    """A line of text."""
    return (f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' {more}>"
            f"{escape(content)}</text>")


def grid(limit, bottom):
    """Lines at a quarter each, and what they mean."""
    lines = []
    for i in range(5):
        x = LEFT + (WIDTH - LEFT - RIGHT) * i / 4
        lines.append(f"<line x1='{x:.1f}' y1='{TOP - 8}' x2='{x:.1f}' "
                     f"y2='{bottom}' stroke='#ddd'/>")
        lines.append(text(x, bottom + 16, show(limit * i / 4), "middle",
                          "font-size='11' fill='#666'"))
    return lines


def bar(series, row, scale):
    """One series: name, bar, spread, median."""
    y = TOP + row * ROW
    middle = y + BAR / 2
    colour = OURS_COLOUR if "FastCGI Users" in series.title else BAR_COLOUR
    low, high = LEFT + series.low * scale, LEFT + series.high * scale
    return [
        text(LEFT - 8, middle + 4, series.title, "end"),
        f"<rect x='{LEFT}' y='{y}' width='{series.median * scale:.1f}' "
        f"height='{BAR}' fill='{colour}'/>",
        f"<line x1='{low:.1f}' y1='{middle}' x2='{high:.1f}' y2='{middle}' "
        "stroke='#222' stroke-width='1.5'/>",
        *(f"<line x1='{x:.1f}' y1='{middle - 4}' x2='{x:.1f}' "
          f"y2='{middle + 4}' stroke='#222' stroke-width='1.5'/>"
          for x in (low, high)),
        text(high + 8, middle + 4, show(series.median)),
    ]


def chart(title, series):
    """An SVG image of series that share a unit."""
    limit = nice_limit(max(one.high for one in series))
    bottom = TOP + len(series) * ROW
    scale = (WIDTH - LEFT - RIGHT) / limit
    parts = grid(limit, bottom)
    for row, one in enumerate(series):
        parts += bar(one, row, scale)
    heading = text(WIDTH / 2, 20, f"{title} ({series[0].unit})", "middle",
                   "font-size='15' font-weight='bold'")
    return (f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' "
            f"height='{bottom + 30}' {STYLE}>\n"
            "<rect width='100%' height='100%' fill='white'/>\n"
            + "\n".join([heading, *parts]) + "\n</svg>\n")
