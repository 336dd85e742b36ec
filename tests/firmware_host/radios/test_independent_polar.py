"""Polar's frames against polar-python from PyPI, which nobody here wrote."""

import numpy as np
import pytest

from firmware_host.radios import pmd

FACTOR = 0.000244
COUNTS = np.random.default_rng(1).integers(-32000, 32000, (20, 3))
GENTLE = 2000 + np.cumsum(np.random.default_rng(2).integers(-30, 31, (36, 3)), axis=0)


@pytest.mark.parametrize(
    ("frame", "milli_g"),
    [
        (pmd.encode_plain(10**18, COUNTS.tolist()), 1.0),
        (pmd.encode_compressed(10**18, COUNTS.tolist()), 1000 * FACTOR),
        (pmd.encode_compressed(10**18, GENTLE.tolist()), 1000 * FACTOR),
    ],
    ids=["plain", "compressed", "compressed and gentle"],
)
def test_it_reads_what_we_read(frame, milli_g):
    parser = pytest.importorskip("polar_python.parsers.polar")
    theirs = parser.parse_polar_data(bytearray(frame), lambda _: FACTOR)
    ours = pmd.decode(frame)
    assert theirs.timestamp == ours.stamp_ns + 946_684_800 * 10**9  # theirs counts from 1970
    assert np.abs(np.array(theirs.data) - ours.counts * milli_g).max() <= 1.0  # theirs are whole mg
