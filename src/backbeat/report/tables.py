"""Tables, and what is folded away until somebody wants it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

GRADES = {"B": "moderate", "C": "weak or indirect", "D": "none or contradictory"}
"""Evidence grade to words."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str, numbers: Sequence[int] = ()) -> str:
    """A table of ready HTML cells; the first of a row is its heading."""

    def css(i: int) -> str:
        return ' class="n"' if i in numbers else ""

    top = "".join(f'<th scope="col"{css(i)}>{cell}</th>' for i, cell in enumerate(head))
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f"<td{css(i)}>{cell}</td>" for i, cell in enumerate(row[1:], start=1))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table><caption>{caption}</caption><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def folded(title: str, content: str) -> str:
    """Content behind a line that opens it."""
    return f"<details><summary>{title}</summary>{content}</details>"
