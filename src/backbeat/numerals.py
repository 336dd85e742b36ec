"""Figures that can be read from a treadmill: five lines high, made of blocks."""

from __future__ import annotations

_ROWS = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", "###", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    ".": (" ", " ", " ", " ", "#"),
    "+": ("   ", " # ", "###", " # ", "   "),
    "-": ("  ", "  ", "##", "  ", "  "),
    "–": ("   ", "   ", "###", "   ", "   "),
}
"""Each sign as dots, two columns wide when drawn: a terminal's letters are twice as high as wide."""


def big(figure: str, dot: str = "█") -> str:
    """A figure in five lines of text.

    Args:
        figure: of digits, point, signs, or a dash where nothing is known.
        dot: what a dot is drawn with.
    """
    rows = (" ".join(_ROWS[sign][row] for sign in figure) for row in range(5))
    return "\n".join("".join((dot if mark == "#" else " ") * 2 for mark in row) for row in rows)
