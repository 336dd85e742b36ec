"""Draw what `backbeat run` shows on a terminal while a simulated runner lands harder and harder on the right.

python docs/pictures/run.py docs/pictures/run.svg
"""

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from backbeat.monitor import Monitor
from backbeat.samples import Samples
from backbeat.sources import open_source
from backbeat.team.runners import TEAM
from backbeat.terminal import LargeFigures

sam = next(runner for runner in TEAM if runner.id == "sam")
console = Console(record=True, width=100, file=io.StringIO())
with open_source(sam.uri(500.0)) as source:
    monitor = Monitor(source.info)
    view = LargeFigures(source.info, Console(file=io.StringIO()))
    for block in source:
        view.take(block, monitor.feed(block))
        if isinstance(block, Samples) and block.time[-1] > 480:
            break
    console.print(view.shown())
    view.finish([])
picture = console.export_svg(title="backbeat run")
# The picture loads nothing from elsewhere: the viewer's own fixed-width font will do.
Path(sys.argv[1]).write_text(re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL), encoding="utf-8")
