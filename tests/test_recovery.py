"""A run that is cut off goes on: same session, and the summary of one run over the readings that exist."""

import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backbeat.checkpoint import Keeper, layout, load
from backbeat.event_json import as_json
from backbeat.events import Event, SessionChange, Summary
from backbeat.logbook.mcap_file import McapRecording
from backbeat.logbook.recorder import Recorder
from backbeat.monitor import Monitor
from backbeat.recovery import Continued, begin, recover
from backbeat.samples import Context, Samples, SourceInfo, joined
from backbeat.sources import open_source

STATE = "run.state"


class Memory:
    """Collects events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def take(self, block, events) -> None:
        self.events += events

    def finish(self, events) -> None:
        self.events += events


class Disk:
    """A storage whose content is lost from the last fsync on when the power goes."""

    def __init__(self) -> None:
        self.content, self.kept = b"", 0

    def write(self, data: bytes) -> None:
        self.content += data

    def sync(self) -> None:
        self.kept = len(self.content)

    def close(self) -> None:
        pass


class Rest:
    """What the sensor gives from some reading on, in batches, with a time axis that begins anew at each start."""

    def __init__(self, whole: Samples, start: int, info: SourceInfo, axis: float) -> None:
        self.whole, self.at = whole, start
        self.info = replace(info, utc_offset_s=1e9 - axis)
        self.axis = axis

    def __iter__(self):
        while self.at < len(self.whole):
            block = self.whole[self.at : self.at + 20]
            self.at += 20
            yield replace(block, time=block.time + self.axis)


def cut_off_again_and_again(folder: Path, uri: str, kills: int, seed: int) -> tuple[list[Event], list[Event]]:
    """Events of a run that is killed `kills` times, and of one run over the readings that were recorded."""
    dice = random.Random(seed)
    source = open_source(uri)
    info = replace(source.info, origin="live", utc_offset_s=1e9, readings=None, duration_s=None)
    whole = joined([b for b in source if isinstance(b, Samples)])
    n = len(whole)
    moments = sorted(dice.sample(range(2000, n - 500), kills))
    told = Memory()
    names: list[str] = []
    at = 0
    for number, kill in enumerate([*moments, 2 * n]):
        if at >= kill:
            continue  # killed before it read anything
        rest = Rest(whole, at, info, axis=dice.choice([0.0, -50.0, 1000.0]) if number else 0.0)
        start = begin(folder / STATE, rest, Monitor, 600.0, wall=lambda: 0.0)
        name, disk = f"{number:03d}.mcap", Disk()
        assert start.recordings == tuple(names)
        names.append(name)
        recorder = Recorder(folder / name, start.source.info, {}, storage=disk)
        keeper = Keeper(folder / STATE, start.monitor, start.source.info, names, wall=lambda: 0.0)
        consumers = [told, recorder, keeper]
        start.announce(consumers)
        for block in start.source:
            if rest.at >= kill:
                break
            events = start.monitor.feed(block)
            for consumer in consumers:
                consumer.take(block, events)
        else:
            last = start.monitor.end()
            for consumer in consumers:
                consumer.finish(last)
            (folder / name).write_bytes(disk.content)
            break
        recorder._queue.join()
        keeper._writing.join()
        (folder / name).write_bytes(disk.content[: disk.kept])  # the power is gone
        if dice.random() < 2 / kills:
            (folder / STATE).write_bytes((folder / STATE).read_bytes()[:-100])  # and the state with it
        at = rest.at + dice.randrange(0, 300)
    once = Memory()
    monitor = Monitor(info)
    for name in names:
        for block in McapRecording(folder / name):
            once.take(block, monitor.feed(block))
    once.finish(monitor.end())
    assert not (folder / STATE).exists()
    return told.events, once.events


def check(told: list[Event], once: list[Event], kills: int) -> None:
    (summary,) = [e for e in told if isinstance(e, Summary)]
    (expected,) = [e for e in once if isinstance(e, Summary)]
    assert as_json(summary) == as_json(expected)
    assert summary.gaps_s > 0.0
    sessions = [e for e in told if isinstance(e, SessionChange)]
    assert {e.session for e in sessions} == {summary.session}
    assert sum(e.state == "resumed" for e in sessions) >= kills // 2
    plain = [json.dumps(as_json(e)) for e in told if not (isinstance(e, SessionChange) and e.state == "resumed")]
    assert set(plain) >= {json.dumps(as_json(e)) for e in once}  # nothing that was settled was not told


def test_a_run_that_is_cut_off_ten_times(tmp_path: Path) -> None:
    check(*cut_off_again_and_again(tmp_path, "sim:?seconds=200&seed=5", 10, 1), 10)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_an_hour_that_is_cut_off_a_hundred_times(tmp_path: Path) -> None:
    check(*cut_off_again_and_again(tmp_path, "sim:?seconds=3600&seed=6", 100, 2), 100)


def state_of_a_run(folder: Path) -> Path:
    source = open_source("sim:?seconds=45&seed=2")
    monitor = Monitor(source.info)
    recorder = Recorder(folder / "a.mcap", source.info, {})
    keeper = Keeper(folder / STATE, monitor, source.info, ["a.mcap"])
    for block in source:
        events = monitor.feed(block)
        recorder.take(block, events)
        keeper.take(block, events)
    recorder.finish([])
    keeper._writing.join()
    return folder / STATE


def test_a_damaged_or_foreign_state_never_stops_a_run(tmp_path: Path, caplog) -> None:
    path = state_of_a_run(tmp_path)
    good = path.read_bytes()
    about = load(path)[0]
    assert len(good) < 1_000_000
    dice = random.Random(1)
    for place in [0, 5, 20, *dice.sample(range(len(good)), 6)]:
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :])
        recover(path, Monitor)
    for place in dice.sample(range(len(good)), 6):
        path.write_bytes(good[:place])
        recover(path, Monitor)
    path.write_bytes(good.replace(b'"0.1.0"', b'"0.0.9"'))
    again = recover(path, Monitor)
    assert again is not None
    assert again.time >= about.time
    path.unlink()
    assert recover(path, Monitor) is None


def test_a_state_of_other_classes_is_made_anew_from_the_recordings(tmp_path: Path, monkeypatch) -> None:
    path = state_of_a_run(tmp_path)
    assert load(path)[1] is not None
    again = recover(path, Monitor)
    assert again is not None
    monkeypatch.setattr("backbeat.checkpoint.layout", lambda: 1)  # as after an update that added a field
    assert load(path)[1] is None
    anew = recover(path, Monitor)
    assert anew is not None
    assert anew.time == again.time
    assert [as_json(e) for e in anew.monitor.end()] == [as_json(e) for e in again.monitor.end()]


def test_the_layout_knows_every_field_of_the_analysis(monkeypatch) -> None:
    from backbeat.gait.quality import Quality
    from backbeat.strain.load import Load

    before = layout.__wrapped__()
    assert before == layout.__wrapped__() == layout()
    with monkeypatch.context() as patch:
        patch.setattr(Load, "__annotations__", {**Load.__annotations__, "new": "float"})
        assert layout.__wrapped__() != before
    assert layout.__wrapped__() == before

    def begin(self: Quality) -> None:
        self._new = 0.0

    monkeypatch.setattr(Quality, "__init__", begin)  # a class without slots
    assert layout.__wrapped__() != before


def test_a_state_can_do_nothing_but_hold_the_analysis(tmp_path: Path) -> None:
    import os
    import pickle

    from backbeat import checkpoint

    class Bad:
        def __reduce__(self):
            return os.system, ("true",)

    path = state_of_a_run(tmp_path)
    checkpoint.save(path, load(path)[0], pickle.dumps(Bad()))
    assert load(path)[1] is None


def test_a_full_disk_is_told_once_and_the_run_goes_on(tmp_path: Path, caplog) -> None:
    source = open_source("sim:?seconds=5")
    keeper = Keeper(tmp_path / "no" / "folder" / STATE, Monitor(source.info), source.info, [])
    for start in (0.0, 100.0, 200.0):
        keeper.take(Samples.of(np.array([start]), np.zeros((1, 3))), [])
        keeper._writing.join()
    assert len(caplog.records) == 1
    assert "the state cannot be saved" in caplog.text


def test_without_a_wall_clock_time_goes_on_after_the_last_reading(tmp_path: Path) -> None:
    recovered = recover(state_of_a_run(tmp_path), Monitor)

    class Later:
        info = SourceInfo(name="later", origin="live")

        def __iter__(self):
            yield Samples.of(np.array([]), np.zeros((0, 3)))
            yield Context(0.5, "shoe", "blue")
            yield Samples.of(np.array([0.5, 0.51]), np.zeros((2, 3)))

    context, block = Continued(Later(), recovered, wall=lambda: recovered.about.wall + 60.0)
    assert isinstance(block, Samples)
    assert block.time[0] == pytest.approx(recovered.about.time + 60.0)
    assert block.time[0] > recovered.time
    assert context.time == block.time[0]


def test_a_run_that_was_cut_off_long_ago_is_ended_first(tmp_path: Path) -> None:
    state, source, told = state_of_a_run(tmp_path), open_source("sim:?seconds=5"), Memory()
    wall = load(state)[0].wall
    start = begin(state, source, Monitor, 600.0, wall=lambda: wall + 601.0)
    start.announce([told])
    assert start.source is source
    assert [e.state for e in told.events if isinstance(e, SessionChange)] == ["ended"]
    assert sum(isinstance(e, Summary) for e in told.events) == 1
    assert start.monitor.session is None


@pytest.mark.parametrize("size", [40_000, 90_000])
def test_kill_9_of_a_real_process(tmp_path: Path, size: int) -> None:
    script = Path(__file__).parent / "rigs" / "recorded_run.py"
    with subprocess.Popen([sys.executable, script, tmp_path]) as child:
        until = time.monotonic() + 60.0
        while not ((tmp_path / "a.mcap").exists() and (tmp_path / "a.mcap").stat().st_size > size):
            assert time.monotonic() < until
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
    recovered = recover(tmp_path / STATE, Monitor)
    assert recovered is not None
    recording = McapRecording(tmp_path / "a.mcap")
    once, last = Monitor(recording.info), 0.0
    for block in recording:
        once.feed(block)
        last = block.time[-1] if isinstance(block, Samples) else last
    assert recovered.time == last > 1.0
    assert [as_json(e) for e in recovered.monitor.end()] == [as_json(e) for e in once.end()]
