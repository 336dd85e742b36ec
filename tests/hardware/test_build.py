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

from backbeat.config import load
from firmware_host.chips import KINDS
from firmware_host.emulators import EMULATORS

ROOT = Path(__file__).parents[2]
HARDWARE = ROOT / "hardware"
PARTS = list(csv.DictReader((HARDWARE / "parts.csv").read_text(encoding="utf-8").splitlines()))
WIRING = yaml.safe_load((HARDWARE / "wiring.yml").read_text(encoding="utf-8"))

HEADER = {
    1: "3V3", 2: "5V", 3: "GPIO2 SDA1", 4: "5V", 5: "GPIO3 SCL1", 6: "GND", 7: "GPIO4", 8: "GPIO14 TXD",
    9: "GND", 10: "GPIO15 RXD", 11: "GPIO17", 12: "GPIO18", 13: "GPIO27", 14: "GND",
}  # fmt: skip
"""The Pi's header, its first pins."""

COLOURS = {"BK": "black", "RD": "red", "BU": "blue", "YE": "yellow", "GN": "green", "WH": "white"}

PINS_OF_CUES = (("motor_pin", "Motor", "IN"), ("button_pin", "Button", "CONTACT"))
"""Setting, part and the part's pin."""

WIRES = {
    "Sensor": {"GND": 6, "VIN": 1, "SDA": 3, "SCL": 5},
    "Motor": {"GND": 9, "VCC": 2, "IN": 11},
    "Button": {"CONTACT": 13, "GND": 14},
}
"""Each part's pin to that of the Pi's header."""


def program(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def wires(part: str) -> dict[str, int]:
    """A part's pins, by their labels, to those of the Pi's header."""
    connector = WIRING["connectors"][part]
    labels = dict(zip(connector["pins"], connector["pinlabels"], strict=True))
    (way,) = [way for way in WIRING["connections"] if part in way[0]]
    return {labels[pin]: number for pin, number in zip(way[0][part], way[-1]["Pi"], strict=True)}


def test_the_wires_go_where_they_must():
    pi = WIRING["connectors"]["Pi"]
    assert [HEADER[pin] for pin in pi["pins"]] == pi["pinlabels"]
    assert {part: wires(part) for part in WIRES} == WIRES
    used = [pin for way in WIRING["connections"] for pin in way[-1]["Pi"]]
    assert sorted(used) == pi["pins"]  # each once, none for nothing
    assert WIRING["cables"]["Cable"]["length"] <= 0.2


@pytest.mark.parametrize("part", WIRES)
def test_the_text_names_the_same_pins_and_colours(part):
    text = (HARDWARE / "README.md").read_text(encoding="utf-8")
    heading = {"Sensor": "sensor", "Motor": "motor module", "Button": "button"}[part]
    table = re.search(rf"(?m)^\| {heading} \| wire \| Pi header \|\n((?:\|.*\n)+)", text)
    assert table is not None
    rows = re.findall(r"(?m)^\| (\w+) \| (\w+) \| (\d+)", table[1])
    assert {pin: int(number) for pin, _, number in rows} == wires(part)
    (cable,) = [next(iter(way[1])) for way in WIRING["connections"] if part in way[0]]
    assert [colour for _, colour, _ in rows] == [COLOURS[c] for c in WIRING["cables"][cable]["colors"]]


def test_the_picture_has_each_wire_on_its_pin():
    drawn = re.search(r"(?s)^wired = (.*?);", (HARDWARE / "enclosure.scad").read_text(encoding="utf-8"), re.MULTILINE)
    assert drawn is not None
    pins = {}
    for way in WIRING["connections"]:
        ((cable, strands),) = way[1].items()
        colours = WIRING["cables"][cable]["colors"]
        pins |= {pin: COLOURS[colours[strand - 1]] for pin, strand in zip(way[-1]["Pi"], strands, strict=True)}
    assert {int(pin): colour for pin, colour in re.findall(r'\[(\d+), "(\w+)"\]', drawn[1])} == pins


def test_the_cues_of_the_configuration_are_on_these_pins(tmp_path):
    belt = (ROOT / "config" / "i2c-belt.toml").read_text(encoding="utf-8")
    file = tmp_path / "belt.toml"
    file.write_text(re.sub(r"(?m)^# (?=\[cues\]|motor_pin|button_pin)", "", belt), encoding="utf-8")
    cues = load(file).cues
    numbers = {name: HEADER[wires(part)[pin]] for name, part, pin in PINS_OF_CUES}
    assert numbers == {"motor_pin": f"GPIO{cues.motor_pin}", "button_pin": f"GPIO{cues.button_pin}"}
    for text in ("hardware/README.md", "docs/cues.md"):
        told = dict(re.findall(r"(motor_pin|button_pin) = (\d+)", (ROOT / text).read_text(encoding="utf-8")))
        assert told == {"motor_pin": str(cues.motor_pin), "button_pin": str(cues.button_pin)}, text
    for name, part, _ in PINS_OF_CUES:
        assert f"{name} = {getattr(cues, name)}" in WIRING["connectors"][part]["notes"]


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
    for label in ("GPIO2 SDA1", "GPIO3 SCL1", "GPIO17", "GPIO27", "STEMMA QT", "0.15 m"):
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
    assert not [name for name in ("vibration motor", "pushbutton") if name not in listed]  # of [cues]
    assert "XIAO nRF52840 Sense" in {part["part"].removeprefix("Seeed Studio ") for part in PARTS}


def test_the_parts_list_is_one():
    for part in PARTS:
        assert all(part.values()), part
        assert int(part["number"]) > 0
        assert float(part["price_eur"]) > 0
    assert {part["build"] for part in PARTS} == {"belt", "cues", "radio", "hipnode", "have"}
    text = (HARDWARE / "README.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"(?m)^\| (\w+) \|.*\| (\d+) €[\w ]* \|$", text))
    sums = Counter()
    for part in PARTS:
        sums[part["build"]] += int(part["price_eur"])
    assert told == {build: str(euro) for build, euro in sums.items() if build != "have"}


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
