"""The recorder and its reader: nothing is lost that reached the disk, and a replay sees what the live run saw."""

import json
import logging
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap.records import Message

from backbeat.cli import main
from backbeat.errors import SourceError, UserError
from backbeat.event_json import as_json
from backbeat.events import Alert
from backbeat.logbook.disk import Room
from backbeat.logbook.mcap_file import McapRecording
from backbeat.logbook.mcap_scan import scan
from backbeat.logbook.recorder import Recorder
from backbeat.logbook.repair import repair
from backbeat.logbook.source import open_recording
from backbeat.monitor import Monitor
from backbeat.pipeline import run
from backbeat.samples import Context, Samples, SourceInfo, joined
from backbeat.sources import open_source

SCALE = 0.0047856  # m/s² of one count
INFO = SourceInfo(
    name="LSM6DSOX at 0x6a", origin="live", rate_hz=208.0, acc_scale=SCALE, gyr_scale=0.0012, utc_offset_s=1.7e9,
    details={"chip": "lsm6dsox"},
)  # fmt: skip


def batches(seconds: float = 10.0, size: int = 26) -> Iterator[Samples]:
    """Batches of a FIFO: whole counts times a scale, times that are no round numbers."""
    random_numbers = np.random.default_rng(7)
    n = int(seconds * 208)
    time = 100.0 + np.cumsum(random_numbers.normal(1 / 208, 2e-5, n))
    for start in range(0, n, size):
        part = time[start : start + size]
        yield Samples.of(
            part,
            random_numbers.integers(-99, 99, (len(part), 3)) * SCALE,
            random_numbers.integers(-9, 9, (len(part), 3)) * 0.0012,
            gap_before=np.arange(len(part)) == (3 if start == 5 * size else -1),
            saturated=np.arange(len(part)) == (1 if start == 6 * size else -1),
        )


ALERT = Alert(time=101.0, known_at=101.5, alert="impact", state="raised", message="Härter als sonst")


def recorded(path: Path, seconds: float = 10.0) -> list[Samples | Context]:
    blocks: list[Samples | Context] = list(batches(seconds))
    blocks.insert(4, Context(100.5, "speed_m_s", 3.2))
    recorder = Recorder(path, INFO, {"gait": {"up": None}})
    for index, block in enumerate(blocks):
        recorder.take(block, [ALERT] if index == 20 else [])
    recorder.finish([])
    assert recorder.fault is None
    return blocks


def same(a: Samples, b: Samples) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("time", "acc", "gyr", "gap_before", "saturated")
    )


def test_every_block_comes_back_bit_by_bit(tmp_path: Path) -> None:
    blocks = recorded(tmp_path / "run.mcap")
    recording = open_recording(tmp_path / "run.mcap", strict=True)
    before, context, after = recording
    assert same(before, joined(blocks[:4]))
    assert context == blocks[4]
    assert same(after, joined(blocks[5:]))
    info = recording.info
    assert (info.origin, info.acc_scale, info.utc_offset_s, info.details) == ("replay", SCALE, 1.7e9, INFO.details)
    assert isinstance(recording, McapRecording)
    assert recording.settings == {"gait": {"up": None}}
    assert list(recording.events()) == [as_json(ALERT)]


def test_readings_that_are_no_counts_and_absent_axes_come_back_too(tmp_path: Path) -> None:
    time = np.arange(30) / 100
    acc = np.random.default_rng(1).normal(0, 9, (30, 3))
    acc[:, 1] = np.nan
    block = Samples.of(time, acc, absent={"acc_y": "broken"})
    recorder = Recorder(tmp_path / "run.mcap", INFO, {})
    recorder.take(block, [])
    recorder.finish([])
    (got,) = open_recording(tmp_path / "run.mcap")
    assert isinstance(got, Samples)
    assert got.gyr is None
    assert got.absent == {"acc_y": "broken"}
    assert np.array_equal(got.acc, acc, equal_nan=True)


def test_other_tools_can_open_it(tmp_path: Path) -> None:
    recorded(tmp_path / "run.mcap")
    descriptors = pytest.importorskip("google.protobuf.descriptor_pb2")
    with (tmp_path / "run.mcap").open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        summary = reader.get_summary()
        assert summary is not None
        assert summary.statistics is not None
        messages = list(reader.iter_messages())
        assert summary.statistics.message_count == len(messages) == 82
        spans = [c.message_end_time - c.message_start_time for c in summary.chunk_indexes]
        assert max(spans) <= 1e9
        assert [m.name for m in reader.iter_metadata()] == ["source", "settings", "versions"]
    schema, _, message = next(m for m in messages if m[1].topic == "/readings")
    assert schema is not None
    described = descriptors.FileDescriptorSet.FromString(schema.data)
    from google.protobuf import descriptor_pool, message_factory

    pool = descriptor_pool.DescriptorPool()
    pool.Add(described.file[0])
    readings = message_factory.GetMessageClass(pool.FindMessageTypeByName(schema.name)).FromString(message.data)
    first = next(batches())
    assert list(readings.time_s) == first.time.tolist()
    assert readings.acc_scale_m_s2 == SCALE
    assert [c * SCALE for c in readings.acc_z_counts] == first.acc[:, 2].tolist()


@pytest.fixture(scope="module")
def recording_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "run.mcap"
    recorded(path, 3.6)
    return path.read_bytes()


def last_time(path: Path) -> float:
    blocks = [b for b in open_recording(path) if isinstance(b, Samples)]
    return float(joined(blocks).time[-1])


def chunk_ends(content: bytes, folder: Path) -> list[tuple[int, float]]:
    """Where each chunk ends in the file, and the last reading's time up to there."""
    (folder / "whole.mcap").write_bytes(content)
    with (folder / "whole.mcap").open("rb") as file:
        summary = make_reader(file).get_summary()
        assert summary is not None
        ends = [c.chunk_start_offset + c.chunk_length for c in summary.chunk_indexes]
    told = []
    for end in ends:
        (folder / "cut.mcap").write_bytes(content[:end])
        told.append((end, last_time(folder / "cut.mcap")))
    return told


def test_a_cut_anywhere_costs_at_most_a_second(recording_bytes: bytes, tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.ERROR, "backbeat")  # each cut is a warning
    ends = chunk_ends(recording_bytes, tmp_path)
    assert max(np.diff([100.0, *(time for _, time in ends)])) <= 1.0
    cut = tmp_path / "cut.mcap"
    messages = {}
    for end, _ in ends:
        cut.write_bytes(recording_bytes[:end])
        messages[end] = count_messages(cut)
    places = random.Random(3).sample(range(ends[0][0], len(recording_bytes)), 500)
    for index, place in enumerate([*places, *range(ends[-2][0], ends[-1][0] + 1)]):
        cut.write_bytes(recording_bytes[:place])
        whole = [end for end in messages if end <= place]
        assert count_messages(cut) == messages[whole[-1]]
        if index % 50 == 0:
            assert last_time(cut) == dict(ends)[whole[-1]]


def count_messages(path: Path) -> int:
    return sum(isinstance(record, Message) for record in scan(path))


def test_a_cut_before_the_first_reading_is_one_sentence(recording_bytes: bytes, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mcap"
    for place in (0, 4, 8, 200, 1000):
        cut.write_bytes(recording_bytes[:place])
        with pytest.raises(SourceError) as error:
            list(open_recording(cut))
        assert "cut.mcap" in str(error.value)


class Trace:
    """A storage that keeps what was written, and how much of it was on the disk after each fsync."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.synced: list[int] = []
        self.writes: list[int] = []

    def write(self, data: bytes) -> None:
        self.content += data
        self.writes.append(len(self.content))

    def sync(self) -> None:
        self.synced.append(len(self.content))

    def close(self) -> None:
        pass


def test_everything_after_the_last_fsync_may_go(tmp_path: Path) -> None:
    """At each moment of a run, what a power cut leaves lacks less than a second, and no alert that was written."""
    trace = Trace()
    recorder = Recorder(tmp_path / "none.mcap", INFO, {}, storage=trace)
    cut = tmp_path / "cut.mcap"
    alert_at = None
    for index, block in enumerate(batches()):
        recorder.take(block, [ALERT] if index == 20 else [])
        recorder._queue.join()
        if index == 20:
            alert_at = trace.synced[-1]
        if block.time[-1] > 101.0:
            cut.write_bytes(trace.content[: trace.synced[-1]])
            assert block.time[-1] - last_time(cut) <= 1.0
            if alert_at:
                assert list(McapRecording(cut).events()) == [as_json(ALERT)]
    recorder.finish([])
    assert trace.synced[-1] == len(trace.content)


def test_a_damaged_chunk_is_a_marked_gap(recording_bytes: bytes, tmp_path: Path, caplog) -> None:
    with_damage = bytearray(recording_bytes)
    (start, _), (end, _) = chunk_ends(recording_bytes, tmp_path)[2:4]
    with_damage[(start + end) // 2] ^= 0xFF
    path = tmp_path / "damaged.mcap"
    path.write_bytes(with_damage)
    got = joined([b for b in open_recording(path) if isinstance(b, Samples)])
    whole = joined(list(batches(3.6)))
    lost = np.flatnonzero(~np.isin(whole.time, got.time))
    assert 0 < len(lost) <= 208
    assert got.gap_before[np.searchsorted(got.time, whole.time[lost[-1]])]
    assert "damaged" in caplog.text
    with pytest.raises(SourceError, match=r"damaged\.mcap, byte"):
        list(open_recording(path, strict=True))


@pytest.mark.parametrize("place", [0, 1, 3, 8])
def test_a_damaged_length_or_kind_costs_one_chunk(recording_bytes: bytes, tmp_path: Path, place: int, caplog) -> None:
    """Byte 0 of a record is its kind, bytes 1 to 8 are its length: without them the next chunk has to be searched."""
    (tmp_path / "whole.mcap").write_bytes(recording_bytes)
    with (tmp_path / "whole.mcap").open("rb") as file:
        chunks = make_reader(file).get_summary().chunk_indexes
    path, whole = tmp_path / "damaged.mcap", joined(list(batches(3.6)))
    for value in (0x00, 0x02, 0x07, 0x0F, 0x55, 0xFF):
        damaged = bytearray(recording_bytes)
        where = chunks[2].chunk_start_offset + place
        if damaged[where] == value:
            continue
        damaged[where] = value
        path.write_bytes(damaged)
        got = joined([b for b in open_recording(path) if isinstance(b, Samples)])
        lost = np.flatnonzero(~np.isin(whole.time, got.time))
        assert len(lost) <= 208, value
        if len(lost):
            assert np.diff(lost).max() == 1
            assert got.gap_before[np.searchsorted(got.time, whole.time[lost[-1]])]
        if place in (0, 8):  # a length that is a little too long may still hold the whole chunk
            assert len(lost)
    mended = tmp_path / "mended.mcap"
    repair(path, mended)
    assert same(joined([b for b in open_recording(mended, strict=True) if isinstance(b, Samples)]), got)


def test_a_record_that_announces_ten_gigabytes_costs_no_memory(recording_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "huge.mcap"
    huge = bytes([6]) + (10 * 2**30).to_bytes(8, "little")
    path.write_bytes(recording_bytes[:200] + huge)
    with pytest.raises(SourceError):
        list(open_recording(path))
    first = chunk_ends(recording_bytes, tmp_path)[0]
    path.write_bytes(recording_bytes[: first[0]] + huge + b"x" * 100)
    assert last_time(path) == first[1]


def test_any_damaged_byte_is_a_gap_or_one_sentence(recording_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "damaged.mcap"
    dice = random.Random(5)
    for _ in range(200):
        damaged = bytearray(recording_bytes)
        damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        try:
            list(open_recording(path))
        except SourceError as error:
            said = str(error)
            assert "\n" not in said


class FullDisk(Trace):
    def write(self, data: bytes) -> None:
        if len(self.content) > 20_000:
            raise OSError(28, "No space left on device")
        super().write(data)


def test_a_full_disk_ends_the_recording_and_not_the_run(tmp_path: Path, caplog) -> None:
    trace = FullDisk()
    recorder = Recorder(tmp_path / "none.mcap", INFO, {}, storage=trace)
    for block in batches(30):
        recorder.take(block, [])
    recorder.finish([])
    assert recorder.fault is not None
    assert "No space left on device; recording has stopped" in recorder.fault
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 1
    (tmp_path / "rest.mcap").write_bytes(trace.content)
    assert last_time(tmp_path / "rest.mcap") > 100.5


def test_the_oldest_recordings_go_first_and_then_recording_stops(tmp_path: Path, caplog) -> None:
    for name in ("20260103-1.mcap", "20260101-1.mcap", "20260102-1.mcap", "keep.csv"):
        (tmp_path / name).write_bytes(b"x")
    current = tmp_path / "20260104-1.mcap"
    current.write_bytes(b"x")

    def free(_: Path) -> int:
        return 250 - 50 * len(list(tmp_path.glob("*.mcap")))

    assert Room(current, tmp_path, 150, free).make()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["20260103-1.mcap", "20260104-1.mcap", "keep.csv"]
    assert "20260101-1.mcap: removed" in caplog.text
    assert not Room(current, tmp_path, 1000, free).make()
    assert current.exists()
    with pytest.raises(UserError, match="nearly full"):
        Recorder(tmp_path / "new.mcap", INFO, {}, room=Room(current, None, 1000, free))
    assert not (tmp_path / "new.mcap").exists()


def test_a_missing_folder_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file or directory; choose a new file in a folder"):
        Recorder(tmp_path / "nowhere" / "run.mcap", INFO, {})
    with pytest.raises(UserError, match="choose a new file in a folder"):
        Recorder(Path("/proc/run.mcap"), INFO, {})  # which has no room, but that is not what is wrong with it


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "run.mcap").write_text("mine")
    with pytest.raises(UserError, match="File exists"):
        Recorder(tmp_path / "run.mcap", INFO, {})
    assert (tmp_path / "run.mcap").read_text() == "mine"


def test_a_clock_that_is_set_during_the_run_is_recorded_again(tmp_path: Path, capsys) -> None:
    """A Pi without a battery clock thinks that it is last Tuesday until NTP tells it."""
    set_by = [0.0]
    recorder = Recorder(tmp_path / "run.mcap", INFO, {}, ahead=lambda: 5.0 + set_by[0])
    for index, block in enumerate(batches()):
        set_by[0] = 0.3 if index < 30 else 86_400.0 if index < 50 else 86_390.0
        recorder.take(block, [])
    recorder.finish([])
    recording = open_recording(tmp_path / "run.mcap", strict=True)
    assert recording.info.utc_offset_s == 1.7e9
    assert recording.utc_offset_s() == pytest.approx(1.7e9 + 86_390.0, abs=0.5)
    assert same(joined([b for b in recording if isinstance(b, Samples)]), joined(list(batches())))
    with pytest.raises(SystemExit):
        main(["logs", "info", str(tmp_path / "run.mcap")])
    assert "2023-11-15" in capsys.readouterr().out


def test_the_recording_of_a_run_replays_to_the_same_events(tmp_path: Path) -> None:
    class Events:
        def __init__(self) -> None:
            self.seen: list[dict] = []

        def take(self, block, events) -> None:
            self.seen += [as_json(e) for e in events]

        def finish(self, events) -> None:
            self.seen += [as_json(e) for e in events]

    source, live, again = open_source("sim:?seconds=40&seed=3"), Events(), Events()
    run(source, Monitor(source.info), [live, Recorder(tmp_path / "run.mcap", source.info, {})])
    recording = open_recording(tmp_path / "run.mcap")
    run(recording, Monitor(recording.info), [again])
    assert live.seen == again.seen
    assert sum(e["kind"] == "step" for e in again.seen) > 80
    assert json.dumps(list(McapRecording(tmp_path / "run.mcap").events())) == json.dumps(live.seen)
    assert recording.info.origin == "simulated"
