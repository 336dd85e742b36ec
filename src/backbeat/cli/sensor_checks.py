"""What `backbeat doctor` looks at on the sensor and on its way here: bus, adapter, readings, calibration."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

from backbeat.cli.patient import Finding, Patient
from backbeat.errors import UserError, why
from backbeat.samples import Samples
from backbeat.sources import open_source
from backbeat.worn import usable, worn_file
from firmware_host.measure import Measured, measure
from firmware_host.scan import buses


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
        yield Finding("bad", f"Bluetooth cannot be reached ({why(error)})", "sudo systemctl enable --now bluetooth")
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
        yield _calibration(patient, source.info.name)
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


def _calibration(patient: Patient, sensor: str) -> Finding:
    file = worn_file(patient.histories, patient.runner, sensor)
    try:
        kept = usable(file, patient.position)
    except UserError as error:
        return Finding("bad", str(error), "Runs go without it, by what most people's feet do.")
    if kept is None:
        return Finding(
            "note",
            f"not calibrated for {patient.runner}",
            "backbeat calibrate, once: five hops tell the right foot; until then it is what most people's is.",
        )
    return Finding("good", f"calibrated for {patient.runner} ({file})")


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
