"""Cues in a whole run: the button starts a session and notes pain; the commands as a user calls them."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from datetime import time
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from backbeat.cli import machine, main
from backbeat.cli.patient import Patient
from backbeat.config import load
from backbeat.cues.belt import PRESSED, Belt
from backbeat.cues.patterns import CUES, NOTED
from backbeat.cues.settings import CueSettings
from backbeat.cues.voice import PROGRAMS
from backbeat.errors import UserError
from backbeat.events import Alert, Event, SessionChange, Summary
from backbeat.inbox import Inbox, WithInbox
from backbeat.monitor import Monitor
from backbeat.pipeline import run
from backbeat.samples import Context, Samples
from backbeat.sources import Around, open_source
from rigs.mosquitto import Mosquitto
from rigs.reader import Reader, wait_until

MOTOR, BUTTON = 17, 27


class Pressing(Around):
    """A simulated run whose runner presses the button after five seconds, and holds it after ten."""

    def __init__(self, uri: str, pins: MockFactory, inbox: Inbox, press: Callable[[], None]) -> None:
        super().__init__(WithInbox(open_source(uri), inbox))
        self._contact, self._inbox, self._press = pins.pin(BUTTON), inbox, press

    def __iter__(self) -> Iterator[Samples | Context]:
        blocks = iter(self._source)
        for block in blocks:
            yield block
            if isinstance(block, Samples) and len(block) and block.time[-1] > 5:
                break
        self._press()
        for block in blocks:
            yield block
            if isinstance(block, Samples) and len(block) and block.time[-1] > 10:
                break
        wait_until(lambda: self._contact.when_changed is not None, "the button")
        self._contact.drive_low()
        wait_until(lambda: self._inbox._waiting.qsize() > 0, "the long press")
        self._contact.drive_high()
        yield from blocks


class Kept:
    def __init__(self) -> None:
        self.contexts: list[Context] = []
        self.events: list[Event] = []

    def take(self, block: Samples | Context, events: list[Event]) -> None:
        if isinstance(block, Context):
            self.contexts.append(block)
        self.events += events

    def finish(self, events: list[Event]) -> None:
        self.events += events


def test_the_button_starts_a_session_and_says_that_the_back_hurts() -> None:
    pins, inbox, kept, told = MockFactory(), Inbox(), Kept(), []
    motor, _ = pins.pin(MOTOR), pins.pin(BUTTON)
    belt = Belt(
        CueSettings(motor_pin=MOTOR, button_pin=BUTTON, pain_level=4),
        tell=inbox.put,
        report=told.append,
        pins=lambda: lambda: pins,
        now=lambda: time(12, 0),
    )
    source = Pressing("sim:?seconds=20&stand=1&seed=2", pins, inbox, belt.short_press)
    run(source, Monitor(source.info), [belt, kept])
    (start,) = [e for e in kept.events if isinstance(e, SessionChange) and e.state == "started"]
    assert 5 < start.known_at < 7  # by itself only after 30 s of running
    said = [context for context in kept.contexts if context.kind in ("command", "pain")]
    assert [context.value for context in said] == [
        "start_session",
        {"value": 4, "when": "during", "text": PRESSED},
    ]
    raised = [e for e in kept.events if isinstance(e, Alert) and e.state == "raised"]
    assert [(alert.alert, alert.value, alert.spoken) for alert in raised] == [("pain_report", 4, True)]
    assert any(isinstance(event, Summary) for event in kept.events)
    pulses = [bool(state.state) for state in motor.states].count(True)
    assert pulses >= 1 + len(NOTED.pattern)  # started and noted; the end may have cut the others short
    assert told == []
    pins.reset()


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "GPIOZERO_PIN_FACTORY": "mock", "STATE_DIRECTORY": str(folder), "HOME": str(folder)}


def settings_file(folder: Path, text: str) -> Path:
    file = folder / "backbeat.toml"
    file.write_text(text)
    return file


@pytest.mark.timeout(120)
def test_a_coach_asks_which_belt_it_is(mosquitto: Mosquitto, tmp_path: Path) -> None:
    file = settings_file(
        tmp_path,
        f'[runner]\nid = "anna"\n[cues]\nmotor_pin = 17\n[history]\nenabled = false\n'
        f'[mqtt]\nhost = "127.0.0.1"\nport = {mosquitto.port}\ncommands = ["identify"]\n',
    )
    words = ["run", "--source", "sim:?seconds=600", "--record", "none", "--jsonl", "-", "--settings", str(file)]
    with (
        Reader(mosquitto.port, "backbeat/v1/home/anna/#") as reader,
        subprocess.Popen(
            [sys.executable, "-m", "backbeat", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(tmp_path),
        ) as live,
    ):
        try:
            reader.wait_for("/live")
            reader.publish("backbeat/v1/home/anna/cmd/identify", json.dumps({"id": "i1"}))
            assert reader.wait_for("/reply/identify")[0].json["ok"] is True
            live.terminate()
            assert live.wait(60) == 0
            assert live.stderr is not None
            assert "cannot" not in live.stderr.read()
        finally:
            live.kill()


@pytest.mark.timeout(120)
def test_trying_the_motor(tmp_path: Path) -> None:
    played = ("impact_high", "hard_landing", "asymmetry_change")  # all of them take half a minute
    silent = {name.partition(":")[0] for name in CUES}.difference(played)
    patterns = ", ".join(f'{name} = ""' for name in sorted(silent))
    file = settings_file(tmp_path, f"[cues]\nmotor_pin = 17\nbutton_pin = 27\npatterns = {{{patterns}}}\n")
    words = ["cues", "test", "--settings", str(file), "--seconds", "0.1"]
    done = subprocess.run(
        [sys.executable, "-m", "backbeat", *words], capture_output=True, text=True, env=environment(tmp_path)
    )
    assert "..       impact_high, hard_landing\n" in done.stdout
    assert "-..      asymmetry_change right" in done.stdout
    assert "'''      pain noted" in done.stdout
    assert done.returncode == 2
    assert done.stderr == "backbeat: No press was heard; look at the wiring, and at button_pin in [cues].\n"


def test_the_list_shows_every_cue_and_one_s_own_patterns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = settings_file(tmp_path, '[cues]\npatterns = {impact_high = ".-.-", signal_bad = ""}\n')
    with pytest.raises(SystemExit, match="0"):
        main(["cues", "list", "--settings", str(file)])
    told = capsys.readouterr().out
    assert "impact_high" in told
    assert ".-.-" in told
    assert "signal_bad" not in told
    with pytest.raises(SystemExit, match="2"):
        main(["cues", "test", "--settings", str(file)])
    assert "There is nothing to try: set motor_pin" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('quiet_hours = "late"', '[cues] quiet_hours = "late" is not a time of day to another'),
        ("motor_pin = 2", "[cues] motor_pin = 2 is not a whole number from 4 to 27."),
        ("patterns = {impact_high = 2}", "impact_high = 2 is not text in quotes."),
        ('patterns = "-"', "is not names with a text each"),
        ('voice = "hal"', '[cues] voice = "hal" is not one of "none", "espeak-ng", "spd-say".'),
    ],
)
def test_faults_in_the_section_are_told(tmp_path: Path, wrong: str, told: str) -> None:
    with pytest.raises(UserError) as error:
        load(settings_file(tmp_path, f"[cues]\n{wrong}\n"))
    assert told in str(error.value)


def test_the_doctor_looks_at_pins_and_voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(cues: CueSettings) -> list[tuple[str, str]]:
        return [(f.state, f.what) for f in machine.check_cues(Patient(root=tmp_path, cues=cues))]

    (tmp_path / "dev").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert found(CueSettings()) == []
    assert found(CueSettings(motor_pin=17)) == [("bad", "there are no GPIO pins here (no /dev/gpiochip*)")]
    (tmp_path / "dev/gpiochip0").touch()
    usable = ("good", "the GPIO pins can be used (button on GPIO27)")
    missing = ("bad", "the packages for the GPIO pins are missing")  # as on Python 3.13 elsewhere than on a Pi
    assert found(CueSettings(button_pin=27)) == [usable if importlib.util.find_spec("lgpio") else missing]
    assert found(CueSettings(voice="espeak-ng")) == [
        ("bad", '[cues] voice = "espeak-ng": it is not installed; sudo apt install espeak-ng.')
    ]


def test_only_who_has_pins_pays_for_gpiozero() -> None:
    look = "import sys, backbeat.cli.run, backbeat.cues.belt; print({'gpiozero', 'lgpio'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_real_voice_takes_our_words(tmp_path: Path) -> None:
    program = shutil.which("espeak-ng")
    if program is None:
        pytest.skip("espeak-ng is not installed (Debian package espeak-ng)")
    file = tmp_path / "said.wav"
    subprocess.run([*PROGRAMS["espeak-ng"], "-w", str(file), NOTED.words], check=True, timeout=60)
    with wave.open(str(file)) as sound:
        assert sound.getnframes() / sound.getframerate() > 0.2
