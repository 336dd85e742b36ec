"""What `backbeat doctor` looks at on the machine itself: configuration, supply, pins, disk, clock; and the broker."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from backbeat.cli.patient import Finding, Patient
from backbeat.config import Settings, find, load
from backbeat.config.load import PLACES
from backbeat.errors import UserError
from backbeat.service import POWER_FLAGS, THROTTLED, throttled_flags


def power_faults(root: Path) -> list[str] | None:
    """What the firmware says about supply and temperature, now or since the start; None where this is no Pi."""
    flags = throttled_flags(root / THROTTLED.relative_to("/"))
    if flags is None:
        return None
    now = [words for bit, words in POWER_FLAGS.items() if flags >> bit & 1]
    since = [f"since the start: {words}" for bit, words in POWER_FLAGS.items() if flags >> (bit + 16) & 1]
    return now or since


def configuration(places: Sequence[Path] = PLACES) -> tuple[bool, str] | None:
    """Whether the configuration file in force can be used, and a line about it; None where there is none."""
    path = find(places)
    if path is None:
        return None
    try:
        load(path)
    except UserError as error:
        return False, str(error)
    return True, f"{path} can be used"


def usable_settings(file: Path | None) -> Settings:
    """The settings of this file, or of the one in force; the defaults where it cannot be used, which is told apart."""
    try:
        return load(file or find())
    except UserError:
        return Settings()


def check_configuration(patient: Patient) -> Iterator[Finding]:
    """Can the configuration file be used?"""
    found = configuration([patient.settings_file] if patient.settings_file else PLACES)
    if found is not None:
        good, told = found
        yield Finding("good" if good else "bad", told, "" if good else "backbeat config check tells it again.")


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
        if settings is None:
            return
        settings.check()
    except UserError as error:
        yield Finding("bad", str(error))
        return
    try:
        try_to_connect(settings)
    except UserError as error:
        yield Finding("bad", str(error), "Is it running, is the port open, is the password right?")
    else:
        yield Finding("good", f"the broker {settings.name} lets us in")
