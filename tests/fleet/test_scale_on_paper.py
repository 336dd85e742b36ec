"""What docs/scale.md works out for a million runners follows from what it assumes and from what it measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LINES = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8").splitlines()

RUNNERS = 1e6
NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?)(?: × 10([⁰¹²³⁴⁵⁶⁷⁸⁹]+))?")
POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def about(value: float) -> object:
    """As far as rounding for people goes: to two figures, or to a tenth."""
    return pytest.approx(value, rel=0.05, abs=0.055)


def numbers(text: str) -> list[float]:
    return [
        float(digits.replace(",", "")) * 10 ** int(power.translate(POWERS) or 0)
        for digits, power in NUMBER.findall(text)
    ]


def cells(begin: str, under: str = "") -> list[list[float]]:
    """The numbers in each further cell of the row that begins so, below a heading."""
    start = next(at for at, line in enumerate(LINES) if line.startswith("#") and line.endswith(under))
    row = next(line for line in LINES[start:] if line.startswith(f"| {begin} |"))
    return [numbers(cell) for cell in row.strip("|").split("|")[1:]]


def one(begin: str, under: str = "", at: int = 0) -> float:
    return cells(begin, under)[at][0]


WIRE, DISK, COST = "What goes over the wire", "A year's storage", "What it costs"
HOURS = one("hours of running a year")
SESSION_S = 60.0 * one("a session")
LIVE, PACKED = one("`live`", WIRE), one("`live`", WIRE, 1)
ALERTS_AN_HOUR = one("alert messages an hour")
EACH_SECOND, EACH_MINUTE = 0, 1
EURO_CORE, EURO_TB, COPIES, EURO_OUT = 15.0, 25.0, 3.0, 10.0


def test_as_many_run_at_once_as_is_assumed() -> None:
    assert (one("runners at the same moment"), one("runners in all")) == (RUNNERS, 8e6)
    assert about(RUNNERS) == 8e6 * 3 / 24
    assert about(HOURS) == 8e6 * 3 * 52


def test_bytes_on_the_wire() -> None:
    seconds = {
        "`live`": RUNNERS,
        "alert, and the list of them": 2 * RUNNERS * ALERTS_AN_HOUR / 3600,
        "summary, twice": 2 * RUNNERS / SESSION_S,
        "`step`, off unless asked for": RUNNERS * 2.8,
    }
    for row, messages in seconds.items():
        size, _, a_second, megabytes = (sum(cell) / len(cell) for cell in cells(row, WIRE))
        assert a_second == about(messages), row
        assert megabytes == about(size * a_second / 1e6), row


def test_brokers() -> None:
    taken_ms = cells("Mosquitto: CPU a message, unread, measured")[0][1]
    devices, share, _, _, brokers, with_standby = cells("devices on one (it has one thread)")[0][:6]
    assert share / 100 == about(devices * taken_ms / 1e3)
    assert (brokers, with_standby) == (RUNNERS / devices, 2 * RUNNERS / devices)
    rows = [line.split("|") for line in LINES if line.startswith("| NATS, 3 nodes")]
    at_their_end = numbers(next(line for line in LINES if "some 38,000 runners" in line))
    for name, row in {
        "NATS, 3 nodes": "NATS, three nodes: CPU a message, measured",
        "NATS, 3 nodes, `live_retained=no`": "… with `live_retained=no`",
    }.items():
        few_ms, few, many_ms, many, cores = cells(row)[0]
        measured = [(numbers(cell[4])[0], numbers(cell[2])[0]) for cell in rows if cell[1].strip() == name]
        assert [(few_ms, few), (many_ms, many)] == measured
        assert cores == about(RUNNERS * many_ms / 1e3)
        assert about(24 / many_ms * 1e3) in at_their_end


def test_what_stays_on_the_device() -> None:
    assert cells("readings, six axes of 16 bits at 208 Hz")[0][0] == about(6 * 2 * 208 * 3600 / 1e6)
    assert one("steps", "What stays on the device") == about(one("`step`, off unless asked for", WIRE) * 2.8 * 3.6e-3)


def test_a_years_storage() -> None:
    rows = {
        "`live`, each second": HOURS * 3600,
        "`live`, 30 days of it": HOURS * 3600 * 30 / 365,
        "alerts": HOURS * ALERTS_AN_HOUR,
        "summaries": HOURS * 3600 / SESSION_S,
    }
    sizes = {"alerts": "alert, and the list of them", "summaries": "summary, twice"}
    for row, count in rows.items():
        size, packed = (one(sizes.get(row, "`live`"), WIRE, at) for at in (0, 1))
        told, json_tb, packed_tb = (cell[0] for cell in cells(row, DISK))
        assert told == about(count), row
        assert json_tb == about(size * told / 1e12), row
        assert packed_tb == about(packed * told / 1e12), row


def test_what_it_costs() -> None:
    row_bytes = one("a `live` row with its keys")
    cpu_s = sum(cells("CPU a `live` row")[0]) / 1e3
    month = one("`live`, 30 days of it", DISK)
    kept_tb = one("alerts", DISK, 1) + one("summaries", DISK, 1)
    rates = {EACH_SECOND: 1.0, EACH_MINUTE: 1.0 / 60.0}
    database = next(line for line in LINES if line.startswith("| database: `live`"))
    writers = next(line for line in LINES if line.startswith("| workers and database that write"))
    for column, rate in rates.items():
        brokers = one("200 brokers, one core each", COST, column)
        disk = numbers(database.split("|")[2 + column])[0]
        writing = numbers(writers.split("|")[2 + column])[0]
        out = one("out: a tenth of 340 TB", COST, column)
        together = one("**together**", COST, column)
        assert brokers == 200 * EURO_CORE
        assert disk == about((row_bytes * month * rate / 1e12 + kept_tb) * COPIES * EURO_TB)
        assert writing == about(RUNNERS * rate * cpu_s * EURO_CORE)
        assert out == about(0.1 * HOURS / 12 * 3600 * 900 / 1e12 * EURO_OUT)
        assert together == about(brokers + disk + writing + out)
        assert one("a runner", COST, column) == pytest.approx(100 * together / 8e6, abs=0.006)
