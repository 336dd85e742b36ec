"""A block of readings as a message: given back to the bit, and whatever is no message refused as such."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.logbook import wire
from backbeat.samples import Samples

SCALE = 0.0048


def block(n: int) -> Samples:
    counts = np.arange(3.0 * n).reshape(n, 3) - n
    return Samples.of(0.01 * np.arange(n), counts * SCALE, counts / 7.0)


@pytest.mark.parametrize("n", [0, 1, 20])
@pytest.mark.parametrize("scale", [None, SCALE])
def test_a_block_comes_back_to_the_bit(n: int, scale: float | None) -> None:
    written = block(n)
    (message,) = wire.encode([written], scale, None)
    read = wire.decode(message)
    assert read.time.tolist() == written.time.tolist()
    assert read.acc.tolist() == written.acc.tolist()
    assert read.gyr is not None
    assert written.gyr is not None
    assert read.gyr.tolist() == written.gyr.tolist()


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0", bytes(16)])
def test_a_scale_that_is_no_number_is_a_fault_of_the_message(content: bytes) -> None:
    number = wire.FIELDS["acc_scale_m_s2"][0]
    field = bytes((number << 3 | 2, len(content))) + content  # as a string of bytes, which it should not be
    with pytest.raises(ValueError, match=r".+"):
        wire.decode(wire.encode([block(4)], SCALE, None)[0] + field)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.binary(max_size=12), st.integers(0, 12))
def test_damage_is_told_as_a_wrong_value(place: int, inserted: bytes, lost: int) -> None:
    message = wire.encode([block(4)], SCALE, None)[0]
    place %= len(message)
    try:
        found = wire.decode(message[:place] + inserted + message[place + lost :])
    except ValueError:
        return
    assert found.acc.shape == (len(found.time), 3)
