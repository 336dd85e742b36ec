"""Streams of frames as a sensor sends them, each reading with a number of its own, and what can befall them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import strategies as st

from firmware_host.radios import hipnode, hipnode_packets, movesense, pmd, polar, witmotion

INFORMATION = hipnode_packets.Information(1, 1, 208.0, 16, 2000, 0.488e-3, 0.07, "1.0", "0102030405ff")


def counts(first, number):
    """Readings that tell which they are: acceleration x and y hold the number of the reading."""
    index = np.arange(first, first + number)
    found = np.zeros((number, 6), dtype=np.int64)
    found[:, 0], found[:, 1], found[:, 2] = index % 1000, index // 1000, 500
    return found


def numbers(acc, unit):
    """The numbers of readings made by `counts`."""
    found = np.rint(acc / unit).astype(int)
    assert np.all(found[:, 2] == 500)
    return (found[:, 0] + 1000 * found[:, 1]).tolist()


def hipnode_frames(first, number=19):
    index = first
    time_us = round(first * 1e6 / 208) + 4_000_000_000  # wraps soon
    return [
        hipnode_packets.encode(
            hipnode_packets.Frame(1, first // number, index, time_us, 9615, 25, 1, counts(first, number))
        )
    ]


def movesense_frames(first, number=16):
    readings = counts(first, number) * 0.1
    return movesense.encode(round(first * 1000 / 208), readings[:, :3], readings[:, 3:])


def polar_frames(first, number=36):
    stamp = round((first + number - 1) * 1e9 / 52) + 10**18
    return [pmd.encode_plain(stamp, counts(first, number)[:, :3])]


def polar_compressed_frames(first, number=36):
    stamp = round((first + number - 1) * 1e9 / 52) + 10**18
    return [pmd.encode_compressed(stamp, counts(first, number)[:, :3])]


def witmotion_frames(first, number=4):
    return [b"".join(witmotion.encode(tuple(row[:3]), tuple(row[3:])) for row in counts(first, number).tolist())]


def witmotion_long_frames(first, number=4):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = enumerate(counts(first, number).tolist(), first)
    return [b"".join(witmotion.encode(tuple(r[:3]), tuple(r[3:]), start + timedelta(seconds=i / 200)) for i, r in rows)]


@dataclass(frozen=True)
class Kind:
    """A sensor in a test: how to make its decoder, its frames, and the size of one count."""

    name: str
    make: object
    frames: object
    per_packet: int
    characteristic: str
    unit: float
    counts_everything: bool  # a counter or time stamp shows every reading lost

    def radio(self):
        found = self.make()
        if isinstance(found, hipnode.HipNode):
            found.information = INFORMATION
            found.setting = hipnode.Setting(208.0, self.unit, 0.07 * np.pi / 180, 16, 2000)
        return found


KINDS = [
    Kind("hipnode", hipnode.HipNode, hipnode_frames, 19, hipnode_packets.DATA, 0.488e-3 * 9.80665, True),
    Kind("movesense", lambda: movesense.Movesense(208), movesense_frames, 16, movesense.NOTIFY, 0.1, True),
    Kind("polar", polar.Polar, polar_frames, 36, pmd.DATA, 9.80665e-3, True),
    Kind("polar compressed", polar.Polar, polar_compressed_frames, 36, pmd.DATA, 9.80665e-3, True),
    Kind("witmotion", witmotion.Witmotion, witmotion_frames, 4, witmotion.NOTIFY, witmotion.ACC_SCALE, False),
    Kind("witmotion long", witmotion.Witmotion, witmotion_long_frames, 4, witmotion.NOTIFY, witmotion.ACC_SCALE, True),
]

RUBBISH = st.binary(max_size=60).map(lambda data: b"\xee" + data.replace(b"\x55", b"\x54"))
FAULTS = st.lists(
    st.one_of(
        st.just("sent"),
        st.just("sent"),
        st.just("lost"),
        st.just("doubled"),
        st.just("late"),
        st.tuples(st.just("cut"), st.floats(0.01, 0.99)),
        st.tuples(st.just("header"), st.integers(1, 255)),
        st.tuples(st.just("rubbish"), RUBBISH),
    ),
    max_size=25,
)


def befallen(kind, faults):
    """Frames as they arrive: the faults befall the frames in turn, each packet of readings once."""
    late = []
    for k, fault in enumerate(faults):
        frames = kind.frames(k * kind.per_packet)
        match fault:
            case "sent":
                yield from frames
            case "doubled":
                yield from frames
                yield from frames
            case "late":
                late = frames
                continue
            case ("cut", share):
                yield frames[0][: max(1, int(share * len(frames[0])))]
            case ("header", flip):
                yield bytes((frames[0][0] ^ flip,)) + frames[0][1:]
            case ("rubbish", data):
                yield data
                yield from frames
        yield from late
        late = []
