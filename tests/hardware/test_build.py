"""What a user builds: the drawings can be drawn, the prints printed, and both agree with the configuration."""

from __future__ import annotations

import csv
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest
import yaml

from firmware_host.chips import KINDS
from firmware_host.emulators import EMULATORS

ROOT = Path(__file__).parents[2]
HARDWARE = ROOT / "hardware"
PARTS = list(csv.DictReader((HARDWARE / "parts.csv").read_text(encoding="utf-8").splitlines()))
WIRING = yaml.safe_load((HARDWARE / "wiring.yml").read_text(encoding="utf-8"))

HEADER = {1: "3V3", 2: "5V", 3: "GPIO2 SDA1", 4: "5V", 5: "GPIO3 SCL1", 6: "GND"}
"""The Pi's header, its first pins."""


def program(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def wires() -> dict[str, str]:
    """The sensor's pin to the Pi's, by their labels."""
    (way,) = WIRING["connections"]
    sensor, _, pi = (next(iter(end.values())) for end in way)
    labels = {name: dict(zip(end["pins"], end["pinlabels"], strict=True)) for name, end in WIRING["connectors"].items()}
    return {labels["Sensor"][a]: labels["Pi"][b] for a, b in zip(sensor, pi, strict=True)}


def test_the_wires_go_where_they_must():
    pi = WIRING["connectors"]["Pi"]
    assert [HEADER[pin] for pin in pi["pins"]] == pi["pinlabels"]
    assert wires() == {"GND": "GND", "VIN": "3V3", "SDA": "GPIO2 SDA1", "SCL": "GPIO3 SCL1"}
    assert WIRING["cables"]["Cable"]["length"] <= 0.2


def test_the_text_names_the_same_pins():
    text = (HARDWARE / "README.md").read_text(encoding="utf-8")
    numbers = {label: pin for pin, label in HEADER.items() if pin not in (2, 4)}
    for sensor, pi in wires().items():
        row = re.search(rf"(?m)^\| {sensor} \| \w+ \| (\d+)", text)
        assert row is not None
        assert int(row[1]) == numbers[pi]


def test_the_configuration_is_for_this_wiring():
    source = tomllib.loads((ROOT / "config" / "i2c-belt.toml").read_text(encoding="utf-8"))["sensor"]["source"]
    bus, address, chip = re.match(r"i2c://(\d)/(0x[0-9a-f]+)\?chip=(\w+)", source).groups()
    assert f"i2c bus {bus}, 400 kHz" in WIRING["connectors"]["Pi"]["notes"]
    assert f"address {address} " in WIRING["connectors"]["Sensor"]["notes"]
    assert int(address, 16) in KINDS[chip].addresses
    assert chip.upper() in WIRING["connectors"]["Sensor"]["subtype"]
    assert "i2c_arm_baudrate=400000" in (ROOT / "config" / "install.sh").read_text(encoding="utf-8")
    sheet = (HARDWARE / "bench-test.md").read_text(encoding="utf-8")
    assert source in sheet
    assert f"`{address[2:]}` in the table" in sheet


def test_the_wiring_can_be_drawn(tmp_path):
    program("dot")
    copy = shutil.copy(HARDWARE / "wiring.yml", tmp_path / "wiring.yml")
    done = subprocess.run(
        [program("wireviz"), "-f", "st", str(copy)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    texts = {
        "".join(element.itertext()).strip()
        for drawing in (tmp_path / "wiring.svg", HARDWARE / "wiring.svg")
        for element in ET.parse(drawing).iter("{http://www.w3.org/2000/svg}text")
    }
    for label in ("GPIO2 SDA1", "GPIO3 SCL1", "STEMMA QT", "0.15 m"):
        assert label in texts
    drawn, kept = (
        Counter("".join(e.itertext()) for e in ET.parse(d).iter("{http://www.w3.org/2000/svg}text"))
        for d in (tmp_path / "wiring.svg", HARDWARE / "wiring.svg")
    )
    assert drawn == kept, "run: wireviz -f s hardware/wiring.yml"


def test_every_chip_and_sensor_of_the_code_can_be_bought():
    listed = " ".join(" ".join(part.values()) for part in PARTS).lower().replace("-", "")
    families = {"ism330dhcx", "witmotion", "movesense", "polar", *KINDS, *EMULATORS} - {"hipnode"}
    missing = {
        name for name in families if name.rstrip("abcdefghijklmnopqrstuvwxyz_") not in listed and name not in listed
    }
    assert not missing
    assert "XIAO nRF52840 Sense" in {part["part"].removeprefix("Seeed Studio ") for part in PARTS}


def test_the_parts_list_is_one():
    for part in PARTS:
        assert all(part.values()), part
        assert int(part["number"]) > 0
        assert float(part["price_eur"]) > 0
    assert {part["build"] for part in PARTS} == {"belt", "radio", "hipnode", "have"}


def sizes(stl: Path) -> list[float]:
    """The print's extent along x, y and z, mm, and its lowest z."""
    points = [tuple(map(float, line.split()[1:])) for line in stl.read_text().splitlines() if "vertex" in line]
    low, high = ([function(axis) for axis in zip(*points, strict=True)] for function in (min, max))
    return [b - a for a, b in zip(low, high, strict=True)] + [low[2]]


def given(name: str) -> list[float]:
    text = (HARDWARE / "enclosure.scad").read_text(encoding="utf-8")
    found = re.search(rf"(?m)^{name} = \[?([^\];]+)\]?;", text)
    assert found is not None
    return [float(value) for value in found[1].split(",")]


@pytest.mark.parametrize("part", ["sensor", "sensor_lid", "pi", "pi_lid"])
def test_the_boxes_can_be_printed_and_the_boards_fit(part, tmp_path):
    stl = tmp_path / f"{part}.stl"
    done = subprocess.run(
        [program("openscad"), "-D", f'part="{part}"', "-o", str(stl), str(HARDWARE / "enclosure.scad")],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Simple:        yes" in done.stderr  # a closed surface
    assert "WARNING" not in done.stderr
    x, y, z, low = sizes(stl)
    assert low == pytest.approx(0.0, abs=0.01)  # it lies on the bed
    assert max(x, y) < 120.0  # of the smallest common printer
    (wall,), (gap,) = given("wall"), given("gap")
    assert wall >= 3 * 0.4
    assert gap >= 0.3
    board = given("pi_board" if part.startswith("pi") else "sensor_board")
    around = 2 * (wall + gap)
    if part == "sensor":  # stands on its edge; the clip reaches past the belt
        assert z == pytest.approx(board[0] + around, abs=0.05)
        assert y > given("belt_height")[0]
        assert x > board[2] + wall + given("belt_thickness")[0] + given("clip")[0]
    else:
        assert [x, y] == pytest.approx([board[0] + around, board[1] + around], abs=0.05)
        assert z < 25.0
    if part == "pi":
        assert z >= board[2] + wall


def test_the_run_time_is_the_arithmetic():
    spec = importlib.util.spec_from_file_location("budget", HARDWARE / "budget.py")
    assert spec is not None
    assert spec.loader is not None
    budget = importlib.util.module_from_spec(spec)
    sys.modules["budget"] = budget
    spec.loader.exec_module(budget)
    assert (HARDWARE / "battery.md").read_text(encoding="utf-8") == budget.page(), "run: python hardware/budget.py"
    loads, cells = budget.BUILDS["Pi Zero 2 W and LSM6DSOX on the belt"]
    assert cells[0].watt_hours == pytest.approx(5.0 * 3.7 * 0.85 * 0.8)
    assert cells[0].watt_hours / sum(load.milliwatts for load in loads) * 1000 > 3  # a marathon


@pytest.mark.parametrize("page", sorted(HARDWARE.glob("*.md")), ids=lambda page: page.name)
def test_what_a_page_points_to_exists(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
    for picture in HARDWARE.rglob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")
