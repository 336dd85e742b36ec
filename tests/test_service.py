"""A run as a service: what systemd is told, and the faults that a run has to survive, each injected."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from backbeat.checkpoint import Keeper
from backbeat.cli import main
from backbeat.logbook.recorder import Recorder
from backbeat.monitor import Monitor
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttSettings
from backbeat.pipeline import run
from backbeat.samples import Context, Samples
from backbeat.service import Service, notify, throttled_flags
from backbeat.sources import open_source
from firmware_host.emulators.faults import Fault, Faults
from rigs.chip_bench import HandClock, Wave, emulated
from rigs.reader import wait_until

EMULATED = "emulate:lsm6dsox?source=sim:%3Fcadence=172"


class Systemd:
    """The socket that systemd listens to."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(60)
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "120000000"}

    def told(self) -> list[str]:
        """All that has been said so far."""
        words = []
        self.socket.setblocking(False)
        try:
            while True:
                words += self.socket.recv(4096).decode().splitlines()
        except BlockingIOError:
            return words


@pytest.fixture
def systemd(tmp_path):
    manager = Systemd(tmp_path / "notify")
    yield manager
    manager.socket.close()


def reading(at: float) -> Samples:
    return Samples.of(np.array([at]), np.zeros((1, 3)))


def empty() -> Samples:
    return Samples.of(np.empty(0), np.empty((0, 3)))


def test_ready_readings_and_the_end_are_told(systemd):
    clock = HandClock()
    service = Service("a sensor", clock=clock.now, environment=systemd.environment)
    assert systemd.told() == ["READY=1", "STATUS=a sensor: waiting for readings"]
    service.take(reading(0.0), [])
    assert systemd.told() == ["WATCHDOG=1", "STATUS=a sensor: readings flow"]
    for _ in range(1220):  # two minutes and a little
        clock.sleep(0.1)
        service.take(reading(clock.time), [])
    assert systemd.told() == ["WATCHDOG=1"] * 4  # four times within the limit
    service.finish([])
    assert systemd.told() == ["STOPPING=1", "STATUS=a sensor: stopped"]


def test_the_watchdog_starves_without_readings(systemd):
    clock = HandClock()
    service = Service("a sensor", clock=clock.now, environment=systemd.environment)
    service.take(Context(clock.time, "sensor", {"state": "lost", "reason": "no plug"}), [])
    systemd.told()
    for _ in range(3000):
        clock.sleep(0.1)
        service.take(empty(), [])
        service.take(Context(clock.time, "battery_pct", 50), [])
    assert systemd.told() == []


def test_without_systemd_nothing_is_told(monkeypatch, tmp_path, caplog):
    assert not notify("READY=1", {})
    assert not notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "gone")})
    assert "cannot be told" in caplog.text


def test_an_abstract_socket_is_told_too():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0backbeat-test")
        listener.settimeout(20)
        assert notify("READY=1", {"NOTIFY_SOCKET": "@backbeat-test"})
        assert listener.recv(100) == b"READY=1"


def test_a_sensor_unplugged_and_back_starves_the_watchdog_only_meanwhile(systemd):
    """A minute of an emulated sensor, unplugged for half of it."""
    clock = HandClock()
    faults = Faults(planned=(Fault("unplugged", at=15.0, lasting=30.0),))
    systemd.environment["WATCHDOG_USEC"] = "8000000"
    fed = []
    with emulated("lsm6dsox", Wave(60.0), faults, clock) as source:
        service = Service(source.info.name, clock=clock.now, environment=systemd.environment)
        start = clock.now()
        told = []
        for block in source:
            service.take(block, [])
            words = systemd.told()
            told += words
            fed += [clock.now() - start] * words.count("WATCHDOG=1")
    assert any("sensor lost" in words for words in told)
    assert "readings flow" in told[-1] or "WATCHDOG=1" in told
    assert not [at for at in fed if 16.0 < at < 45.0]
    assert [at for at in fed if at < 16.0]
    assert [at for at in fed if at > 45.0]


def test_undervoltage_is_said_once_and_when_it_is_over(tmp_path, caplog):
    flags, clock = tmp_path / "get_throttled", HandClock()
    flags.write_text("0\n", encoding="ascii")
    service = Service("a sensor", clock=clock.now, environment={}, throttled=flags)
    for text in ("0", "50005", "50005", "50000", "d0008"):
        flags.write_text(f"{text}\n", encoding="ascii")
        for _ in range(20):
            service.take(reading(clock.time), [])
            clock.sleep(1.0)
    said = [record.getMessage() for record in caplog.records]
    assert len([words for words in said if "voltage is too low: use" in words]) == 1
    assert len([words for words in said if "right again" in words]) == 1
    assert "near its highest temperature" in said[-1]
    assert throttled_flags(flags) == 0xD0008
    assert throttled_flags(tmp_path / "absent") is None
    flags.write_text("no number", encoding="ascii")
    assert throttled_flags(flags) is None


def simulated(**more):
    words = "&".join(f"{name}={value}" for name, value in {"seconds": 70, "stand": 3, "seed": 4, **more}.items())
    return open_source(f"sim:?{words}")


def test_a_wall_clock_that_jumps_changes_nothing(tmp_path, monkeypatch):
    """NTP sets the clock by hours, back and forth, all the time; the session and its events stay the same."""
    seen = []

    class Kept:
        def take(self, block, events):
            seen[-1] += events

        def finish(self, events):
            seen[-1] += events

    for jumps in (False, True):
        seen.append([])
        if jumps:
            way = itertools.cycle((0.0, 3600.0, -86400.0, 5e8))
            monkeypatch.setattr(time, "time", lambda way=way: 1.7e9 + next(way))
        with simulated() as source:
            monitor = Monitor(source.info)
            place = tmp_path / f"{jumps}.mcap"
            settings = MqttSettings.from_url("mqtt://127.0.0.1:1")
            publisher = Publisher(settings, source.info, end_patience_s=0.1, report=lambda _: None)
            keeper = Keeper(tmp_path / f"{jumps}.state", monitor, source.info, [place.name])
            run(source, monitor, [Recorder(place, source.info, {}), publisher, keeper, Kept()])
        with open_source(str(place)) as recording:
            assert sum(len(block) for block in recording if isinstance(block, Samples)) > 6000
    assert seen[0] == seen[1]
    assert {event.kind for event in seen[0]} >= {"step", "summary", "session"}


def test_a_file_system_that_becomes_read_only_ends_the_recording_and_not_the_run(tmp_path, monkeypatch, caplog):
    """As an SD card does when it dies: the kernel makes it read-only in mid-run."""
    wrong = threading.Event()
    for name in ("write", "fsync", "unlink"):
        real = getattr(os, name)

        def failing(*arguments, real=real, **more):
            if wrong.is_set() and threading.current_thread().name in ("recorder", "checkpoint", "MainThread"):
                raise OSError(errno.EROFS, "Read-only file system")
            return real(*arguments, **more)

        monkeypatch.setattr(os, name, failing)

    class Later:
        """Half a minute into the run it happens."""

        events = 0

        def take(self, block, events):
            self.events += len(events)
            if isinstance(block, Samples) and len(block) and block.time[-1] > 30:
                wrong.set()

        def finish(self, events):
            self.events += len(events)

    later = Later()
    with simulated() as source:
        monitor = Monitor(source.info)
        recorder = Recorder(tmp_path / "run.mcap", source.info, {})
        keeper = Keeper(tmp_path / "run.state", monitor, source.info, ["run.mcap"])
        run(source, monitor, [recorder, keeper, later])
    wrong.clear()
    assert recorder.fault is not None
    assert "Read-only file system; recording has stopped, the run goes on" in recorder.fault
    assert later.events > 100
    with open_source(str(tmp_path / "run.mcap")) as recording:
        assert any(len(block) for block in recording if isinstance(block, Samples))


def test_a_run_starts_on_a_read_only_disk(monkeypatch, capfd):
    monkeypatch.setenv("STATE_DIRECTORY", "/sys/kernel")  # nobody can make a file there, root neither
    with pytest.raises(SystemExit) as end:
        main(["run", "--source", EMULATED, "--seconds", "0.5", "--jsonl", "-"])
    assert end.value.code == 0
    told = capfd.readouterr().err
    assert "the run goes on without a recording" in told
    assert "Traceback" not in told


def test_a_run_starts_on_a_full_disk(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 0}))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    with pytest.raises(SystemExit) as end:
        main(["run", "--source", EMULATED, "--seconds", "0.5", "--jsonl", "-"])
    assert end.value.code == 0
    assert "The run goes on without a recording" in capfd.readouterr().err


@pytest.mark.slow
def test_a_card_that_fills_up_in_mid_run(tmp_path):
    """The service's command on a file system of its own, which another program fills to the last byte."""
    card, events, journal = tmp_path / "card", tmp_path / "events.jsonl", tmp_path / "journal"
    card.mkdir()
    alone = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*alone, "mount", "-t", "tmpfs", "card", card], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    broker = '[mqtt]\nhost = "127.0.0.1"\nport = 1\n'  # nobody is there
    settings = f'[sensor]\nsource = "{EMULATED}"\n[session]\nstart_after_running_s = 5\n{broker}'
    (tmp_path / "belt.toml").write_text(settings, encoding="utf-8")
    command = ["-m", "backbeat", "run", "--settings", str(tmp_path / "belt.toml"), "--jsonl", str(events)]
    mounted = [*alone, "sh", "-c", 'mount -t tmpfs -o size=260m card "$STATE_DIRECTORY" && exec "$@"', "sh"]
    environment = {**os.environ, "STATE_DIRECTORY": str(card), "HOME": str(card)}
    with journal.open("wb") as out:
        program = subprocess.Popen([*mounted, sys.executable, *command], env=environment, stdout=out, stderr=out)
    try:
        seen = Path(f"/proc/{program.pid}/root{card}")  # the card as the run sees it
        wait_until(lambda: any(file.stat().st_size > 20_000 for file in seen.glob("recordings/*.mcap")), patience_s=120)
        with (seen / "other").open("wb", buffering=0) as other, contextlib.suppress(OSError):
            while True:
                other.write(bytes(4096))  # to the last byte
        wait_until(
            lambda: "recording has stopped, the run goes on" in journal.read_text(encoding="utf-8"), patience_s=120
        )
        wait_until(lambda: '"kind":"session"' in events.read_text(encoding="utf-8"), patience_s=120)
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=60) == 0
    finally:
        program.kill()
    assert events.read_text(encoding="utf-8").count('"kind":"summary"') == 1
    told = journal.read_text(encoding="utf-8")
    assert "No space left on device" in told
    assert "Traceback" not in told


def test_a_real_process_tells_systemd_and_ends_on_sigterm(systemd, tmp_path):
    """The service's own command under a stand-in for systemd."""
    environment = {**os.environ, **systemd.environment, "STATE_DIRECTORY": str(tmp_path)}
    command = [sys.executable, "-m", "backbeat", "run", "--source", EMULATED]
    with (tmp_path / "journal").open("wb") as journal:
        program = subprocess.Popen(command, env=environment, stdout=journal, stderr=journal)
    try:
        words = ""
        while "WATCHDOG=1" not in words:
            words += systemd.socket.recv(4096).decode() + "\n"
        assert words.startswith("READY=1")
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=60) == 0
    finally:
        program.kill()
    assert "STOPPING=1" in systemd.told()
    assert len(list((tmp_path / "recordings").glob("*.mcap"))) == 1
