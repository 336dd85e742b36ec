"""`backbeat run`: a live source, its ways to end, what it leaves behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from backbeat.cli import main
from backbeat.cli.run import Limited, stopped_by_signals
from backbeat.samples import Samples, SourceInfo
from backbeat.sources import open_source
from rigs.chip_bench import HandClock

EMULATED = "emulate:lsm6dsox?source=sim:%3Fcadence=172"


class Endless:
    info = SourceInfo(name="endless", origin="live")

    def __init__(self, clock):
        self.clock, self.stopped, self.closed = clock, False, False

    def __iter__(self):
        while not self.stopped:
            self.clock.sleep(0.5)
            yield Samples.of(np.array([self.clock.time]), np.zeros((1, 3)))

    def stop(self):
        self.stopped = True

    def close(self):
        self.closed = True


def test_a_run_can_be_limited():
    clock = HandClock()
    endless = Endless(clock)
    with Limited(endless, 10.0, clock.now) as limited:
        assert len(list(limited)) == 20
    assert endless.closed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_for_an_end_and_a_second_one_is_the_usual(number):
    before = signal.getsignal(number)
    endless = Endless(HandClock())
    with stopped_by_signals(endless.stop):
        assert signal.getsignal(number) is not before
        os.kill(os.getpid(), number)
        deadline = time.monotonic() + 20
        while not endless.stopped and time.monotonic() < deadline:
            time.sleep(0.01)
        assert signal.getsignal(number) is before
    assert endless.stopped
    assert signal.getsignal(number) is before


def test_an_emulated_sensor_runs_and_is_recorded(tmp_path, capfd):
    with pytest.raises(SystemExit) as end:
        main(["run", "--source", EMULATED, "--seconds", "2", "--record", str(tmp_path / "run.mcap"), "--jsonl", "-"])
    assert end.value.code == 0
    for line in capfd.readouterr().out.splitlines():
        assert json.loads(line)["kind"]
    with open_source(str(tmp_path / "run.mcap")) as recording:
        assert recording.info.acc_scale == pytest.approx(0.488e-3 * 9.80665)
        readings = sum(len(block) for block in recording if isinstance(block, Samples))
    assert readings > 100


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("i2c://7/0x6a", "enable I2C"),
        ("i2c://one/0x6a", "write it as i2c://BUS/ADDRESS"),
        ("i2c://1/0x6a?chip=lsm9000", "no driver for a chip called 'lsm9000'"),
        ("emulate:lsm9000", "no emulator called"),
        ("emulate:lsm6dsox?colour=red", "'colour' means nothing here"),
        ("emulate:lsm6dsox?rate=fast", "'fast' is no value for rate="),
        ("emulate:lsm6dsox?freeze=soon", "'soon' is no value for freeze="),
        ("emulate:lsm6dsox?identity=0x70", "identity 0x70"),
    ],
)
def test_what_cannot_be_opened_is_told_in_one_sentence(uri, told, capsys):
    with pytest.raises(SystemExit) as end:
        main(["run", "--source", uri])
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


@pytest.mark.slow
@pytest.mark.parametrize("broker", ["no broker", "a broker that never answers"])
def test_sigterm_ends_the_session_with_its_summary(tmp_path, broker):
    """A minute of a simulated runner on an emulated sensor; it has five seconds to end."""
    silent = socket.create_server(("127.0.0.1", 0))
    url = f"mqtt://127.0.0.1:{silent.getsockname()[1]}"
    command = [sys.executable, "-m", "backbeat", "run", "--source", EMULATED, "--jsonl", "-"]
    command += ["--mqtt", url] if broker != "no broker" else []
    events = []
    environment = {**os.environ, "STATE_DIRECTORY": str(tmp_path)}
    with silent, subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as program:
        for line in program.stdout:
            events.append(json.loads(line))
            if events[-1]["kind"] == "session":
                break
        asked = time.monotonic()
        program.terminate()
        events += [json.loads(line) for line in program.stdout]
        took = time.monotonic() - asked
    assert program.returncode == 0
    kinds = [event["kind"] for event in events]
    assert kinds.count("summary") == 1
    assert kinds[-1] == "session"
    assert took < 20  # five on a machine that is not busy


def test_a_run_that_is_killed_goes_on_under_the_same_session(tmp_path):
    command = [sys.executable, "-m", "backbeat", "run", "--source", EMULATED, "--record", str(tmp_path), "--jsonl", "-"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        deadline = time.monotonic() + 60
        while not any(p.stat().st_size > 20_000 for p in tmp_path.glob("*.mcap")) or not list(tmp_path.glob("*.state")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        child.kill()
    done = subprocess.run([*command, "--seconds", "2"], capture_output=True, text=True, timeout=60, check=True)
    assert len(list(tmp_path.glob("*.mcap"))) == 2
    assert not list(tmp_path.glob("*.state"))
    first, second = (open_source(str(p)) for p in sorted(tmp_path.glob("*.mcap")))
    assert second.info.utc_offset_s == first.info.utc_offset_s
    block = next(b for b in second if isinstance(b, Samples) and len(b))
    assert block.gap_before[0]
    assert block.time[0] > max(float(b.time[-1]) for b in first if isinstance(b, Samples))
    assert json.loads(done.stdout.splitlines()[0])["kind"]
