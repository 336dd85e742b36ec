"""`emulate:` with Bluetooth sensors: from the simulated runner to readings, through everything between."""

import numpy as np
import pytest

from backbeat.errors import SourceError
from backbeat.samples import Samples
from backbeat.sources import open_source


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
