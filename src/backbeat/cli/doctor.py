"""`backbeat doctor`: is all as it should be, and what to do where it is not."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress

from backbeat.cli.machine import configuration, power_faults, usable_settings
from backbeat.cli.options import SettingsFile
from backbeat.config.load import PLACES
from backbeat.cues.settings import CueSettings
from backbeat.errors import UserError
from backbeat.samples import Samples
from backbeat.sources import open_source
from firmware_host.measure import Measured, measure
from firmware_host.scan import buses

if TYPE_CHECKING:
    from backbeat.mqtt.settings import MqttSettings

State = Literal["good", "bad", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and the remedy where it is bad."""

    state: State
    what: str
    remedy: str = ""


@dataclass
class Patient:
    """What the doctor looks at.

    Attributes:
        source: URI of the sensor to measure; None for none.
        mqtt: URL of the broker to try; None for that of the configuration.
        broker: of the configuration, if it names one.
        settings_file: the configuration file; None for the one in force.
        seconds: how long the sensor is measured.
        root: of the file system.
        state: folder that must have room for recordings.
        measured: told while the sensor is measured, part of the way done.
        cues: what the configuration says about motor, button and voice.
    """

    source: str | None = None
    mqtt: str | None = None
    broker: MqttSettings | None = None
    settings_file: Path | None = None
    seconds: float = 10.0
    root: Path = Path("/")
    state: Path = field(default_factory=Path.home)
    measured: Callable[[float], None] = lambda _: None
    cues: CueSettings = field(default_factory=CueSettings)


def check_i2c(patient: Patient) -> Iterator[Finding]:
    """Is I2C on, may we use it, and how fast is it?"""
    numbers = buses(patient.root)
    if not numbers:
        if patient.source is None or patient.source.startswith("i2c:"):
            yield Finding(
                "bad" if patient.source else "note",
                "I2C is not enabled (no /dev/i2c-*)",
                "raspi-config, Interface Options, I2C; or dtparam=i2c_arm=on in config.txt; then reboot.",
            )
        return
    for number in numbers:
        device = patient.root / "dev" / f"i2c-{number}"
        if not os.access(device, os.R_OK | os.W_OK):
            yield Finding("bad", f"/dev/i2c-{number} may not be opened", "sudo adduser $USER i2c, then log in again.")
            continue
        yield _bus_speed(patient.root, number)


def _bus_speed(root: Path, number: int) -> Finding:
    told = root / f"sys/class/i2c-adapter/i2c-{number}/of_node/clock-frequency"
    try:
        speed = int.from_bytes(told.read_bytes(), "big") / 1000
    except OSError:
        return Finding("good", f"I2C bus {number} can be used (its speed is not told)")
    if speed < 400:
        return Finding(
            "bad",
            f"I2C bus {number} runs at {speed:g} kHz: a busy sensor needs 400 kHz",
            "dtparam=i2c_arm=on,i2c_arm_baudrate=400000 in /boot/firmware/config.txt, then reboot.",
        )
    return Finding("good", f"I2C bus {number} runs at {speed:g} kHz")


def check_bluetooth(patient: Patient) -> Iterator[Finding]:
    """Is there an adapter, and is it on? Only asked where a Bluetooth sensor is meant."""
    if patient.source is None or not patient.source.startswith("ble:"):
        return
    from firmware_host.bluez import adapters  # only with D-Bus in the game

    try:
        found = asyncio.run(adapters())
    except (OSError, LookupError) as error:
        yield Finding("bad", f"Bluetooth cannot be reached ({error})", "sudo systemctl enable --now bluetooth")
        return
    if not found:
        yield Finding("bad", "there is no Bluetooth adapter", "Is it disabled in config.txt? A USB adapter works too.")
    for adapter in found:
        if adapter.powered:
            yield Finding("good", f"Bluetooth adapter {adapter.name} is on")
        else:
            yield Finding(
                "bad", f"Bluetooth adapter {adapter.name} is off", "bluetoothctl power on; rfkill unblock all"
            )


def check_sensor(patient: Patient) -> Iterator[Finding]:
    """Rate, jitter, gravity, noise, clipping and mounting, measured."""
    if patient.source is None:
        yield Finding(
            "note",
            "no sensor was measured",
            "Name one with --source or in the configuration; `backbeat sensors` lists them.",
        )
        return
    try:
        source = open_source(with_self_test(patient.source))
    except UserError as error:
        yield Finding("bad", str(error), "`backbeat sensors` lists what is there.")
        return
    blocks: list[Samples] = []
    lost = 0
    with source:
        yield Finding("good", f"{source.info.name} answers")
        start = time.monotonic()
        for block in source:
            if isinstance(block, Samples):
                blocks.append(block)
            else:
                lost += block.kind == "sensor"
            patient.measured(min((time.monotonic() - start) / patient.seconds, 1.0))
            if time.monotonic() - start > patient.seconds:
                break
    figures = measure(blocks)
    if figures is None:
        yield Finding("bad", f"hardly any reading in {patient.seconds:g} s", "Check wiring and power; unplug and plug.")
        return
    if lost:
        yield Finding("bad", f"the sensor was lost {lost} times", "Shorter wires (20 cm), 2.2 to 4.7 kΩ pull-ups.")
    yield from judged(figures, source.info.rate_hz)


def with_self_test(uri: str) -> str:
    """A HipNode that lies still is asked to test its chip, too."""
    if "sensor=hipnode" not in uri or "selftest=" in uri:
        return uri
    return f"{uri}&selftest=1"


def judged(figures: Measured, nominal_hz: float | None) -> Iterator[Finding]:
    """Figures of a sensor at rest, each with what to do where it is off."""
    rate = f"{figures.rate_hz:.1f} readings a second"
    if nominal_hz is not None and abs(figures.rate_hz / nominal_hz - 1) > 0.03:
        yield Finding(
            "bad", f"{rate}, {nominal_hz:g} were set", "A clone with its own clock? It works, but compare its steps."
        )
    else:
        yield Finding("good", rate)
    if figures.jitter_ms > 1.0:
        yield Finding("bad", f"jitter {figures.jitter_ms:.2f} ms", "Is another program busy, or on the same bus?")
    else:
        yield Finding("good", f"jitter {figures.jitter_ms:.2f} ms")
    if figures.gaps:
        yield Finding("bad", f"{figures.gaps} gaps in {figures.seconds:.0f} s", "Shorter wires; fewer other programs.")
    yield _gravity(figures)
    if figures.noise_mg is not None and figures.still:
        yield Finding("good", f"noise {figures.noise_mg:.1f} mg")
    else:
        yield Finding("note", "it was moved all the time: noise not measured", "Put it on a table and try again.")
    if figures.clipped_pct:
        yield Finding(
            "bad", f"{figures.clipped_pct:.2f} % of the readings at the end of the range", "A tighter strap; ±16 g."
        )
    yield _mounting(figures)


def _gravity(figures: Measured) -> Finding:
    told = f"|g| at rest is {figures.rest_g:.3f} g"
    if 0.95 <= figures.rest_g <= 1.05:
        return Finding("good", told)
    if not figures.still:
        return Finding("note", f"{told} while it was moved", "Put it on a table and try again.")
    hint = "A factor of two is an LSM6DSO32: chip=lsm6dso32." if figures.rest_g < 0.6 or figures.rest_g > 1.9 else ""
    return Finding("bad", told, hint or "A chip that is worn out, or a clone with another scale: try another one.")


def _mounting(figures: Measured) -> Finding:
    if figures.up is None:
        return Finding("note", "no axis points up", "Fine on a table; on the body turn the sensor upright.")
    return Finding("good", f"axis {figures.up} points up")


def check_disk(patient: Patient) -> Iterator[Finding]:
    """Is there room for recordings? An hour at 208 Hz takes some 10 MB."""
    place = patient.state
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 1e9
    if free < 0.5:
        yield Finding("bad", f"{free:.2f} GB free at {place}", "Remove old recordings, or use a larger card.")
    else:
        yield Finding("good", f"{free:.1f} GB free at {place}")


def check_clock(patient: Patient) -> Iterator[Finding]:
    """Does the wall clock follow the network? A Pi has none of its own."""
    if (patient.root / "run/systemd/timesync/synchronized").exists():
        yield Finding("good", "the clock is synchronised")
        return
    program = shutil.which("timedatectl")
    told = ""
    if program is not None and patient.root == Path("/"):
        asked = subprocess.run(  # noqa: S603 - a fixed command
            [program, "show", "--property=NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        told = asked.stdout.strip()
    if told == "yes":
        yield Finding("good", "the clock is synchronised")
    else:
        yield Finding(
            "note", "the clock is not synchronised, or nobody can tell", "Only the date of a session depends on it."
        )


def check_broker(patient: Patient) -> Iterator[Finding]:
    """Does the broker let us in?"""
    if patient.mqtt is None and patient.broker is None:
        return
    from backbeat.mqtt.settings import MqttSettings
    from backbeat.mqtt.trial import try_to_connect

    try:
        settings = MqttSettings.from_url(patient.mqtt) if patient.mqtt else patient.broker
        if settings is not None:
            settings.check()
            try_to_connect(settings)
            yield Finding("good", f"the broker {settings.name} lets us in")
    except UserError as error:
        yield Finding("bad", str(error), "Is it running, is the port open, is the password right?")


def check_power(patient: Patient) -> Iterator[Finding]:
    """Do supply and temperature suffice, as the Pi's firmware sees it?"""
    faults = power_faults(patient.root)
    if faults is None:
        return
    for fault in faults:
        yield Finding("bad", f"Raspberry Pi: {fault}", "A short, thick cable and a charged battery; see hardware/.")
    if not faults:
        yield Finding("good", "supply and temperature have been right since the start")


def check_cues(patient: Patient) -> Iterator[Finding]:
    """Can the motor, the button and the voice be used, where there are any?"""
    from backbeat.cues.performer import CueError
    from backbeat.cues.voice import Voice

    pins = {"motor": patient.cues.motor_pin, "button": patient.cues.button_pin}
    named = ", ".join(f"{name} on GPIO{pin}" for name, pin in pins.items() if pin is not None)
    if named:
        yield _gpio(patient.root / "dev", named)
    if patient.cues.voice != "none":
        try:
            Voice(patient.cues.voice)
        except CueError as error:
            yield Finding("bad", str(error))
        else:
            yield Finding("good", f"the voice {patient.cues.voice} is installed", "Hear it: backbeat cues test.")


def _gpio(devices: Path, named: str) -> Finding:
    chips = sorted(devices.glob("gpiochip*"))
    if not chips:
        return Finding(
            "bad",
            "there are no GPIO pins here (no /dev/gpiochip*)",
            "Is this a Raspberry Pi? If not, take motor_pin and button_pin out of [cues].",
        )
    if not all(os.access(chip, os.R_OK | os.W_OK) for chip in chips):
        return Finding("bad", "the GPIO pins may not be used", "sudo adduser $USER gpio, then log in again.")
    if importlib.util.find_spec("gpiozero") is None or importlib.util.find_spec("lgpio") is None:
        return Finding(
            "bad",
            "the packages for the GPIO pins are missing",
            "pip install 'backbeat[gpio]' into the environment of backbeat; for Python 3.13 see docs/install.md.",
        )
    return Finding("good", f"the GPIO pins can be used ({named})", "Feel it: backbeat cues test.")


def check_configuration(patient: Patient) -> Iterator[Finding]:
    """Can the configuration file be used?"""
    found = configuration([patient.settings_file] if patient.settings_file else PLACES)
    if found is not None:
        good, told = found
        yield Finding("good" if good else "bad", told, "" if good else "backbeat config check tells it again.")


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
        )
        for check in CHECKS:
            for finding in check(patient):
                bad += finding.state == "bad"
                console.print(SIGNS[finding.state], finding.what, highlight=False, soft_wrap=True)
                if finding.remedy:
                    console.print(f"    {finding.remedy}", style="dim", highlight=False, markup=False, soft_wrap=True)
    if bad:
        raise typer.Exit(1)
