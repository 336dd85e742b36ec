"""`emulate:` with Bluetooth sensors: from the simulated runner to readings, through everything between."""

import numpy as np
import pytest

from backbeat.errors import SourceError
from backbeat.samples import Samples
from backbeat.sources import open_source
from firmware_host.emulators.air.link import AirFault, AirFaults
from firmware_host.emulators.air.source import read_faults
from firmware_host.uri import SourceUri


def test_a_simulated_runner_wears_an_emulated_sensor():
    with open_source("emulate:hipnode?source=sim:%3Fseconds%3D4%26seed%3D1&clock=0.002") as source:
        assert source.info.origin == "simulated"
        assert source.info.name == "emulated HipNode"
        blocks = [found for found in source if isinstance(found, Samples) and len(found)]
    acc = np.concatenate([block.acc for block in blocks])
    assert 3 * source.info.rate_hz < len(acc) < 9 * source.info.rate_hz  # it ends when the recording does
    running = acc[: int(3 * source.info.rate_hz)]
    assert np.linalg.norm(running.mean(axis=0)) == pytest.approx(9.81, rel=0.1)
    assert not any(block.gap_before.any() for block in blocks)


def test_every_fault_can_be_ordered_by_the_uri():
    ordered = "lost=0.1&doubled=0.2&late=0.3&flip=0.4&busy=0.5&clock=0.005&drop=1-2,5&restart=3-4&daemon=6-8&seed=9"
    planned = (AirFault("drop", 1, 1), AirFault("drop", 5, 1), AirFault("restart", 3, 1), AirFault("daemon", 6, 2))
    assert read_faults(SourceUri(f"emulate:hipnode?{ordered}")) == AirFaults(
        lost=0.1, doubled=0.2, late=0.3, flip=0.4, busy=0.5, clock=0.005, planned=planned, seed=9
    )


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("emulate:thermometer", "no emulator called 'thermometer'"),
        ("emulate:hipnode?wind=3", "'wind' means nothing here"),
        ("emulate:hipnode?drop=soon", "no value for drop="),
        ("emulate:movesense?rate=50", "not 50"),
    ],
)
def test_bad_uris(uri, message):
    with pytest.raises(SourceError, match=message):
        open_source(uri)


def test_without_dbus_daemon(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SourceError, match="needs dbus-daemon: install the package dbus"):
        open_source("emulate:hipnode")
