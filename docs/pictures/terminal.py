"""Draw what a command printed as an SVG: `backbeat demo | python docs/pictures/terminal.py docs/pictures/demo.svg`."""

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

console = Console(record=True, width=116, file=io.StringIO())
console.print(Text(sys.stdin.read().rstrip()))
picture = console.export_svg(title="backbeat demo")
# The picture loads nothing from elsewhere: the viewer's own fixed-width font will do.
Path(sys.argv[1]).write_text(re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL), encoding="utf-8")
