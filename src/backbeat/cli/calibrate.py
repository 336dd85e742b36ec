"""`backbeat calibrate`: stand still, hop on the right foot, and it is known how the sensor is worn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from backbeat.cli.options import SettingsFile, sensor_in_force, settings_in_force
from backbeat.cli.run import stopped_by_signals
from backbeat.config import find
from backbeat.errors import UserError
from backbeat.gait.calibration import HOPS, LEAST_STANCES, CalibrationError, Standing, hops, standing, worn
from backbeat.gait.mount import Worn
from backbeat.history.place import runner_file
from backbeat.samples import STANDARD_GRAVITY, Context, Samples, joined
from backbeat.sources import open_source
from backbeat.worn import Kept, keep, worn_file

READY_S = 4.0
"""To put the keyboard away and stand."""
STAND_S = 5.0
HOP_S = 20.0
AFTER_S = 2.0
"""So long without another hop, and the runner has finished."""


def command(
    source: Annotated[
        str | None, typer.Option(metavar="URI", help="The sensor, worn as for a run; that of the configuration.")
    ] = None,
    runner: Annotated[str | None, typer.Option(help="Who wears it; that of the configuration.")] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Undo: forget how this runner wears this sensor.")] = False,
    settings_file: SettingsFile = None,
) -> None:
    """Stand still, then hop forward five times on the right foot: up, forward and which foot is which.

    What is found is kept for this runner and this sensor; every `backbeat run` of the two uses it.
    """
    console = Console(highlight=False)
    configured = settings_in_force(settings_file or find(), None, None)
    who = runner or configured.runner.id
    folder = runner_file(who, configured.history.folder).parent  # and the id is one that can be a file's name
    with ExitStack() as stack:
        opened = stack.enter_context(open_source(sensor_in_force(source, configured)))
        file = worn_file(folder, who, opened.info.name)
        if forget:
            known = file.exists()
            file.unlink(missing_ok=True)
            console.print(f"Forgotten: {file}" if known else f"Nothing was known: there is no {file}", soft_wrap=True)
            return
        stack.enter_context(stopped_by_signals(opened.stop))
        found = _find(iter(opened), console)
        kept = Kept(found, configured.worn(opened.info).position)
        keep(file, kept, who, opened.info.name, datetime.now(UTC).date())
    console.print(_words(found))
    console.print(
        f"Kept in {file}\nand used by every `backbeat run` of {who} with this sensor, for as long as it is worn this "
        "way round. Undo: backbeat calibrate --forget",
        markup=False,
        soft_wrap=True,
    )
    if configured.mount.up or configured.mount.forward:
        console.print("The axes set in [mount] of your configuration go before it: take them out there.", markup=False)


def _find(blocks: Iterator[Samples | Context], console: Console) -> Worn:
    """Lead through the calibration.

    Raises:
        UserError: the runner did something else, or the sensor stopped.
    """
    columns = TextColumn("{task.description}"), BarColumn()
    with Progress(*columns, console=console, transient=True) as progress:

        def take(task: str, seconds: float, done: Callable[[Samples], bool] = lambda _: False) -> Samples:
            console.print(task)
            console.bell()
            bar = progress.add_task("", total=seconds)
            readings = _stretch(blocks, seconds, done, lambda passed: progress.update(bar, completed=passed))
            progress.remove_task(bar)
            return readings

        try:
            take("Stand still and look ahead …", READY_S)
            still = standing(take("… so …", STAND_S))
            hopping = take(
                f"Now hop forward {HOPS} times in a row on your RIGHT foot, half a metre each, and stand again.",
                HOP_S,
                lambda readings: _finished(still, readings),
            )
            return worn(still, hopping)
        except CalibrationError as error:
            raise UserError(str(error)) from None


def _stretch(
    blocks: Iterator[Samples | Context],
    seconds: float,
    done: Callable[[Samples], bool],
    passed: Callable[[float], None],
) -> Samples:
    """So many seconds of readings, or until they are enough."""
    taken: list[Samples] = []
    for block in blocks:
        if not isinstance(block, Samples) or not len(block):
            continue
        taken.append(block)
        went = float(block.time[-1] - taken[0].time[0])
        before = float(block.time[0] - taken[0].time[0])
        passed(went)
        if went >= seconds or (int(went) > int(before) and done(joined(taken))):
            return joined(taken)
    raise UserError("The sensor stopped before the calibration was over; see `backbeat doctor`.")


def _finished(still: Standing, readings: Samples) -> bool:
    """Whether the runner has hopped and stands again."""
    seen = hops(readings.acc @ still.up / STANDARD_GRAVITY, readings.time)
    return len(seen) >= LEAST_STANCES and bool(readings.time[-1] - readings.time[seen[-1][1]] > AFTER_S)


def _words(found: Worn) -> str:
    legs = {
        "usual": "Your right foot shows itself as most people's does.",
        "reversed": "Your right foot shows itself the other way round than most people's; runs take that into account.",
        None: "The hops did not agree on how your right foot shows itself; runs go by what most people's does.",
    }
    up, forward = _named(found.up), _named(found.forward)
    return f"Up is the sensor's {up}, forward its {forward}. {legs[found.legs]}"


def _named(direction: tuple[float, float, float]) -> str:
    """The nearest sensor axis and how far off it is."""
    axis = int(np.argmax(np.abs(direction)))
    off = np.degrees(np.arccos(min(abs(direction[axis]), 1.0)))
    return f"{'+' if direction[axis] > 0 else '-'}{'xyz'[axis]} (within {math.ceil(off)}°)"
