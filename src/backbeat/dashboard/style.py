"""The look of the pages, read once."""

from pathlib import Path

STYLE = Path(__file__).with_name("look.css").read_text(encoding="utf-8")
