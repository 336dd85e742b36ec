"""`backbeat doctor`: is all as it should be, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from backbeat.cli.machine import (
    check_broker,
    check_clock,
    check_configuration,
    check_cues,
    check_disk,
    check_power,
    usable_settings,
)
from backbeat.cli.options import SettingsFile
from backbeat.cli.patient import Finding, Patient
from backbeat.cli.sensor_checks import check_bluetooth, check_i2c, check_sensor
from backbeat.history.place import data_folder

CHECKS: Sequence[Callable[[Patient], Iterator[Finding]]] = [
    check_configuration,
    check_power,
    check_i2c,
    check_bluetooth,
    check_sensor,
    check_cues,
    check_disk,
    check_clock,
    check_broker,
]
"""Each looks at one thing."""

SIGNS = {"good": "[green]✓[/green]", "bad": "[red]✗[/red]", "note": "[yellow]–[/yellow]"}


def command(
    source: Annotated[str | None, typer.Option(metavar="URI", help="The sensor to measure.")] = None,
    mqtt: Annotated[str | None, typer.Option(metavar="URL", help="The broker to try.")] = None,
    seconds: Annotated[float, typer.Option(min=2.0, max=600.0, help="How long the sensor is measured.")] = 10.0,
    settings_file: SettingsFile = None,
) -> None:
    """Check I2C, permissions, the sensor (lying still), disk, clock and broker; each with the remedy.

    Sensor and broker are those of the configuration unless the command line names others.
    """
    console = Console()
    configured = usable_settings(settings_file)
    bad = 0
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("measuring the sensor", total=1.0, visible=False)
        patient = Patient(
            source or configured.sensor.source,
            mqtt,
            configured.broker(),
            settings_file,
            seconds,
            measured=lambda done: progress.update(task, completed=done, visible=done < 1),
            cues=configured.cues,
            runner=configured.runner.id,
            histories=configured.history.folder or data_folder(),
            position=configured.mount.position,
        )
        for check in CHECKS:
            for finding in check(patient):
                bad += finding.state == "bad"
                console.print(SIGNS[finding.state], finding.what, highlight=False, soft_wrap=True)
                if finding.remedy:
                    console.print(f"    {finding.remedy}", style="dim", highlight=False, markup=False, soft_wrap=True)
    if bad:
        raise typer.Exit(1)
