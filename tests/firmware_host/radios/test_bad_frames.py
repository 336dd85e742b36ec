"""Frames lost, doubled, late, cut short or made up: a counted error, never an exception, never an invented reading."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_host.radios.radio import Packet
from firmware_host.radios.witmotion import ACC_SCALE, NOTIFY, Witmotion, encode
from rigs.radio_streams import FAULTS, KINDS, befallen, numbers

EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def read(kind, frames, radio=None):
    radio = radio or kind.radio()
    packets = [p for frame in frames for p in radio.feed(kind.characteristic, frame) if isinstance(p, Packet)]
    return radio, packets


@EVERY_KIND
def test_every_reading_of_a_good_stream(kind):
    radio, packets = read(kind, (frame for k in range(200) for frame in kind.frames(k * kind.per_packet)))
    found = [n for packet in packets for n in numbers(packet.acc, kind.unit)]
    assert found == list(range(len(found)))
    assert len(found) >= 199 * kind.per_packet  # the last packet may wait for its successor
    assert all(packet.missing == 0 and not packet.restarted for packet in packets)
    assert not radio.errors
    if packets[0].device_time is not None:
        times = np.concatenate([packet.device_time for packet in packets])
        assert np.diff(times).min() > 0
        assert np.diff(times).std() < 1e-3


@EVERY_KIND
@given(faults=FAULTS)
@settings(deadline=None, max_examples=150, derandomize=True)
def test_nothing_is_invented(kind, faults):
    """Whatever befalls the frames, each reading that comes out was sent, comes once and in order.

    Only a packet that comes late cannot be told from one in time where there is neither counter nor clock; a
    Bluetooth link keeps the order.
    """
    faults = [fault for fault in faults if fault != "late" or kind.counts_everything]
    radio, packets = read(kind, befallen(kind, faults))
    found = [n for packet in packets for n in numbers(packet.acc, kind.unit)]
    assert found == sorted(set(found)), radio.errors
    assert all(n < len(faults) * kind.per_packet for n in found)
    if any(isinstance(fault, tuple) and fault[0] == "rubbish" for fault in faults):
        assert radio.errors.total() > 0


@pytest.mark.parametrize("kind", [k for k in KINDS if k.counts_everything], ids=lambda kind: kind.name)
@given(lost=st.sets(st.integers(5, 38), max_size=20))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_every_lost_packet_is_noticed_and_counted(kind, lost):
    frames = (frame for k in range(40) if k not in lost for frame in kind.frames(k * kind.per_packet))
    _, packets = read(kind, frames)
    last = None
    for packet in packets:
        found = numbers(packet.acc, kind.unit)
        if last is not None:
            assert packet.missing == found[0] - last - 1
        last = found[-1]
    assert last == 40 * kind.per_packet - 1


@EVERY_KIND
@given(data=st.lists(st.binary(max_size=250), max_size=20))
@settings(deadline=None, max_examples=150, derandomize=True)
def test_random_bytes_raise_nothing(kind, data):
    read(kind, data)


@EVERY_KIND
def test_cut_short_is_an_error_that_is_counted(kind):
    """A frame without its last byte: the readings that were whole may come, the rest must not."""
    frames = [frame for k in range(3) for frame in kind.frames(k * kind.per_packet)]
    radio, _ = read(kind, frames)
    last = kind.frames(3 * kind.per_packet)
    radio, packets = read(kind, [*last[:-1], last[-1][:-1], *kind.frames(4 * kind.per_packet)], radio)
    found = [n for packet in packets for n in numbers(packet.acc, kind.unit)]
    assert 4 * kind.per_packet - 1 not in found
    assert radio.errors.total() == 1


def test_hipnode_finds_back_after_a_damaged_number():
    """A damaged number that passes for a small loss costs the packet after it, which then looks late."""
    kind = KINDS[0]
    frames = [kind.frames(k * 19)[0] for k in range(20)]
    damaged = bytearray(frames[3])
    damaged[4] += 2  # reading 57 says that it is 59
    radio, packets = read(kind, [*frames[:3], bytes(damaged), *frames[4:]])
    found = [n for packet in packets for n in numbers(packet.acc, kind.unit)]
    assert set(range(20 * 19)) - set(found) == set(range(4 * 19, 5 * 19))
    assert radio.errors == {"doubled or late packet": 1}


def test_hipnode_that_begins_anew_is_believed_after_four_packets():
    kind = KINDS[0]
    frames = [kind.frames(k * 19)[0] for k in (*range(100, 105), *range(8))]
    radio, packets = read(kind, frames)
    assert [packet.restarted for packet in packets] == [False] * 5 + [True] + [False] * 4
    assert packets[5].missing is None
    assert radio.errors.total() == 3


def test_hipnode_clock_wraps_without_a_gap():
    """The 32-bit clock of µs wraps every 71.6 min."""
    kind = KINDS[0]
    packets = read(kind, (kind.frames(k * 19)[0] for k in range(4000)))[1]
    times = np.concatenate([packet.device_time for packet in packets])
    assert times[-1] - times[0] == pytest.approx(4000 * 19 / 208, abs=0.02)
    assert times[-1] * 1e6 > 2**32


def test_witmotion_damaged_header_costs_that_frame_and_its_neighbour():
    """Frames decoded together stay good when what comes after them puts the length of a frame in doubt."""
    sent = [encode((k, 0, 500), (0, 0, k)) for k in range(40)]
    sent[20] = b"\x57" + sent[20][1:]
    radio = Witmotion(200)
    packets = [p for data in [b"".join(sent[:4]), *sent[4:]] for p in radio.feed(NOTIFY, data) if isinstance(p, Packet)]
    found = [n for packet in packets for n in numbers(packet.acc, ACC_SCALE)]
    assert found == [k for k in range(33) if k not in (19, 20)]
    assert [packet.missing for packet in packets] == [0, 0, 0, 2, 0]
    assert radio.errors == {"no frame here": 1}
