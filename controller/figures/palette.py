"""Colours that everyone can tell apart (Okabe and Ito 2008, "Color Universal Design"), on light and on dark paper.

Their black and yellow are left out: each is invisible on one of the papers. What is told by colour is told by a symbol,
a dash or a word as well.
"""

ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE = "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#999999"
INK = "#767676"
"""Text and axes: 4.5 to 1 against white, and 4.6 to 1 against black (WCAG 2.2, 1.4.3)."""
GRID = "rgba(128,128,128,0.25)"
CLEAR = "rgba(0,0,0,0)"

IN_TURN = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION)
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
GRADED = "Cividis"
"""Of a surface: even to the eye with and without red and green (Nunez et al. 2018)."""


def shade(colour: str, opacity: float) -> str:
    """Return a colour through which the paper shows."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
