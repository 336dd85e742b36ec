"""How long a battery lasts: the arithmetic, written as hardware/battery.md (python hardware/budget.py)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).with_name("battery.md")


@dataclass(frozen=True, slots=True)
class Load:
    """Something that takes power: milliwatts, and how that is known."""

    name: str
    milliwatts: float
    known: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A battery: capacity at its voltage, what its converter leaves, what age and cold leave."""

    name: str
    milliamp_hours: float
    volts: float
    converter: float
    aged: float

    @property
    def watt_hours(self) -> float:
        """What the device gets."""
        return self.milliamp_hours / 1000 * self.volts * self.converter * self.aged


BUILDS: dict[str, tuple[list[Load], list[Cell]]] = {
    "Pi Zero 2 W and LSM6DSOX on the belt": (
        [
            Load("Pi Zero 2 W, idle, 120 mA at 5 V", 600, "measured by CNX Software, December 2021"),
            Load("Wi-Fi sending once a second", 100, "estimate; it varies with the way to the access point"),
            Load("Backbeat, 2 % of a core", 20, "estimate from x86-64 figures"),
            Load("card, one write a second", 30, "estimate"),
            Load("LSM6DSOX, 0.55 mA at 3.3 V", 2, "datasheet, both sensors in high-performance mode"),
            Load("lamps of Pi and breakout", 15, "estimate"),
            Load("motor, 80 mA at 5 V, 2 s in three minutes at most", 4.4, "estimate; a buzzer takes less"),
        ],
        [
            Cell("power bank 5000 mAh", 5000, 3.7, 0.85, 0.8),
            Cell("lithium cell 1200 mAh with a 5 V booster", 1200, 3.7, 0.88, 0.8),
        ],
    ),
    "HipNode": (
        [
            Load("nRF52840 with CircuitPython and Bluetooth, 8 mA at 3.7 V", 29.6, "estimate; measure yours"),
            Load("LSM6DS3TR-C, 0.9 mA at 3.7 V", 3.3, "datasheet, both sensors in high-performance mode"),
        ],
        [Cell("lithium cell 150 mAh", 150, 3.7, 1.0, 0.8)],
    ),
}


def page() -> str:
    """The page."""
    lines = [
        "# Battery and run time",
        "",
        "Written by `python hardware/budget.py`; change the figures there. Nothing here was measured on a build of",
        "ours: the column says how each figure is known. `aged` is what a cell still gives when old or cold.",
    ]
    for name, (loads, cells) in BUILDS.items():
        total = sum(load.milliwatts for load in loads)
        lines += ["", f"## {name}", "", "| takes power | mW | known from |", "|---|---:|---|"]
        lines += [f"| {load.name} | {load.milliwatts:g} | {load.known} |" for load in loads]
        lines += [f"| **together** | **{total:g}** | |", ""]
        lines += ["| battery | capacity | converter | aged | gives | lasts |", "|---|---|---:|---:|---:|---:|"]
        lines += [
            f"| {cell.name} | {cell.milliamp_hours:g} mAh × {cell.volts:g} V | {cell.converter:g} | {cell.aged:g} "
            f"| {cell.watt_hours:.2f} Wh | {cell.watt_hours / total * 1000:.1f} h |"
            for cell in cells
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
