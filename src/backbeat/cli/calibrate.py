"""`backbeat calibrate`: stand still, then bow, and the sensor's mounting is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console

from backbeat.errors import UserError
from backbeat.samples import Context, Samples, joined
from backbeat.sources import open_source
from firmware_host.mounting import held, mounting

READY_S = 4.0
HOLD_S = 5.0


def command(
    source: Annotated[str, typer.Option(metavar="URI", help="The sensor, worn as for a run; see `backbeat sensors`.")],
) -> None:
    """Find which of the sensor's axes point up and forward, and with them which foot is the right one."""
    console = Console(highlight=False)
    with open_source(source) as opened:
        blocks = iter(opened)
        console.print("Stand still and look ahead …")
        standing = held(_stretch(blocks))
        console.print("Now bow forward from the hips, 30° or more, and hold …")
        bowed = held(_stretch(blocks))
    up, forward = mounting(standing, bowed)
    console.print("Thank you. Put this into the configuration file:")
    console.print(f'\n[mount]\nup = "{up}"\nforward = "{forward}"\n', markup=False)
    console.print(f"or start a run with --up {up} --forward {forward}. It holds as long as it is worn this way round.")


def _stretch(blocks: Iterator[Samples | Context]) -> Samples:
    """Some seconds of readings after some to get ready in."""
    taken: list[Samples] = []
    start: float | None = None
    for block in blocks:
        if not isinstance(block, Samples) or not len(block):
            continue
        start = float(block.time[0]) if start is None else start
        if block.time[-1] - start > READY_S:
            taken.append(block)
        if block.time[-1] - start > READY_S + HOLD_S:
            return joined(taken)
    raise UserError("The sensor stopped before the calibration was over; see `backbeat doctor`.")
