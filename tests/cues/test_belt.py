"""Motor, button and voice in a run, on gpiozero's mock pins and programs of our own; faults included."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import time as time_of_day
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from backbeat.cues.belt import PRESSED, Belt
from backbeat.cues.button import APART_S, BOUNCE_S, Button, Presses
from backbeat.cues.motor import Motor
from backbeat.cues.patterns import CUES, ENDED, IDENTIFY, NOTED, REFUSED, STARTED, Cue
from backbeat.cues.performer import MOST_WAITING, STALE_S, CueError, Output, Performer
from backbeat.cues.pins import real_pins
from backbeat.cues.settings import CueSettings
from backbeat.cues.voice import Voice
from backbeat.events import Alert, SessionChange
from backbeat.inbox import Inbox
from backbeat.samples import Context
from rigs.reader import wait_until
from rigs.runs import readings

MOTOR, BUTTON = 17, 27
NOON = time_of_day(12, 0)


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = MockFactory()
    for number in (MOTOR, BUTTON):  # made here: two threads that ask for a pin at once would get two
        factory.pin(number)
    yield factory
    factory.reset()


def raised(name: str) -> Alert:
    return Alert(time=1.0, known_at=1.0, alert=name, state="raised", spoken=True)


def change(state: str) -> SessionChange:
    return SessionChange(time=1.0, known_at=1.0, session="s", state=state)


class Recording:
    """An output that remembers, fails or hangs."""

    def __init__(self, fail: str = "", hang: threading.Event | None = None) -> None:
        self.played: list[Cue] = []
        self.closed = 0
        self._fail, self._hang = fail, hang

    def play(self, cue: Cue) -> None:
        self.played.append(cue)
        if self._hang:
            self._hang.wait(60)
        if self._fail:
            raise CueError(self._fail)

    def close(self) -> None:
        self.closed += 1


def performing(outputs: Sequence[Output], report: Callable[[str], None], **words: object) -> Performer:
    return Performer([lambda _, output=output: output for output in outputs], report, **words)


def edges(pin: MockPin) -> list[bool]:
    """What the pin did since it was opened."""
    return [bool(state.state) for state in pin.states]


# --- motor ----------------------------------------------------------------------------------------------------------


def test_the_motor_plays_the_pattern_and_is_off_afterwards(pins: MockFactory) -> None:
    waited: list[float] = []
    motor = Motor(MOTOR, pins, waited.append)
    motor.play(Cue(".-", ""))
    assert edges(pins.pin(MOTOR)) == [False, True, False, True, False]
    assert waited == [0.2, 0.2, 0.7, 0.2]
    motor.close()


def test_a_motor_is_off_after_a_fault(pins: MockFactory) -> None:
    def broken(_seconds: float) -> None:
        raise OSError(5, "Input/output error")

    motor = Motor(MOTOR, pins, broken)
    with pytest.raises(CueError, match=r"The motor on GPIO17 cannot be used \(.*Input/output error\): look at the wir"):
        motor.play(Cue("-", ""))
    assert edges(pins.pin(MOTOR)) == [False, True, False]
    motor.close()


def test_a_pin_that_is_taken_is_one_sentence(pins: MockFactory) -> None:
    motor = Motor(MOTOR, pins, time.sleep)
    with pytest.raises(CueError, match="The button on GPIO17 cannot be used"):
        Button(MOTOR, pins, lambda: None, lambda: None)
    motor.close()


def test_without_a_pi_one_sentence_and_the_current_folder_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec("lgpio") is None:
        pytest.skip("lgpio is not installed (there is none for Python 3.13 but that of Raspberry Pi OS)")
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    monkeypatch.chdir(tmp_path)
    opened = real_pins()
    assert Path.cwd() == tmp_path
    assert list(tmp_path.iterdir()) == []  # lgpio's pipe is elsewhere
    if not Path("/dev/gpiochip0").exists():
        with pytest.raises(CueError, match=r"The GPIO pins cannot be used \(.*\): .*\."):
            opened()


# --- button ---------------------------------------------------------------------------------------------------------


def test_short_long_bouncing_and_double_presses() -> None:
    presses = Presses()

    def press(at: float, until: float) -> bool:
        presses.pressed(at)
        return presses.released(until)

    assert press(0.0, 0.2)
    assert not press(0.2 + 0.001, 0.2 + 0.004)  # contacts bounce
    assert not press(0.5, 0.7)  # twice by mistake
    assert press(0.2 + APART_S, 0.5 + APART_S)
    presses.pressed(10.0)
    assert presses.held()
    assert not presses.held()
    assert not presses.released(12.0)
    assert not presses.released(12.1)  # an edge that never went down
    assert not press(20.0, 20.0 + BOUNCE_S / 2)


def test_a_real_contact_short_and_long(pins: MockFactory) -> None:
    heard: list[str] = []
    now = [0.0]
    button = Button(
        BUTTON, pins, lambda: heard.append("short"), lambda: heard.append("long"), hold_s=0.2, clock=lambda: now[0]
    )
    contact = pins.pin(BUTTON)
    contact.drive_low()
    now[0] = 0.1
    contact.drive_high()
    assert heard == ["short"]
    now[0] = 5.0
    contact.drive_low()
    wait_until(lambda: "long" in heard, "the long press", 30)
    contact.drive_high()
    assert heard == ["short", "long"]
    button.close()


# --- performer ------------------------------------------------------------------------------------------------------


def test_cues_are_played_in_order_on_all_outputs_and_what_fails_is_left() -> None:
    told: list[str] = []
    good, bad = Recording(), Recording(fail="The motor is stuck.")
    performer = performing([bad, good], told.append)
    for name in ("impact_high", "cadence_drop"):
        performer.play(CUES[name])
    assert performer.end(30.0)
    assert good.played == [CUES["impact_high"], CUES["cadence_drop"]]
    assert (len(bad.played), bad.closed, good.closed) == (1, 1, 1)
    assert told == ["The motor is stuck. The run goes on without it."]


def test_an_output_that_cannot_be_opened_is_told_and_left() -> None:
    told: list[str] = []
    good = Recording()

    def broken(_pause: object) -> Output:
        raise CueError("No pins here.")

    performer = Performer([broken, lambda _: good], told.append)
    performer.play(STARTED)
    assert performer.end(30.0)
    assert (good.played, told) == ([STARTED], ["No pins here. The run goes on without it."])


def test_an_output_that_hangs_holds_up_nobody_and_is_told_once() -> None:
    told: list[str] = []
    freed = threading.Event()
    stuck = Recording(hang=freed)
    performer = performing([stuck], told.append)
    performer.play(STARTED)
    wait_until(lambda: bool(stuck.played), "the first cue", 30)
    for _ in range(MOST_WAITING + 5):
        performer.play(STARTED)
    assert told == ["Cues cannot keep up, perhaps because a motor or a voice hangs; some are left out."]
    assert not performer.end(0.05)
    freed.set()
    wait_until(lambda: stuck.closed == 1, "its release", 30)
    assert len(stuck.played) == 1  # what waited is not played after the end


def test_a_cue_that_waited_too_long_is_left_out() -> None:
    now = [0.0]
    freed = threading.Event()
    output = Recording(hang=freed)
    performer = performing([output], print, clock=lambda: now[0])
    performer.play(STARTED)
    wait_until(lambda: bool(output.played), "the first cue", 30)
    performer.play(CUES["impact_high"])
    now[0] = STALE_S + 1
    performer.play(ENDED)
    freed.set()
    assert performer.end(30.0)
    assert output.played == [STARTED, ENDED]


def test_the_end_cuts_a_long_pattern_short_and_the_motor_stops(pins: MockFactory) -> None:
    performer = Performer([lambda pause: Motor(MOTOR, pins, pause)], print)
    performer.play(Cue("-" * 12, ""))
    wait_until(lambda: edges(pins.pin(MOTOR))[-1], "the motor", 30)
    assert performer.end(0.0) or performer.end(20.0)  # the first may be short on a busy machine
    assert pins.pin(MOTOR).function == "input"  # given back


# --- the belt in a run ----------------------------------------------------------------------------------------------


def worn(settings: CueSettings, pins: MockFactory, inbox: Inbox, told: list[str]) -> Belt:
    return Belt(settings, tell=inbox.put, report=told.append, pins=lambda: lambda: pins, now=lambda: NOON)


def pulses_felt(pins: MockFactory) -> int:
    return edges(pins.pin(MOTOR)).count(True)


def test_a_run_with_the_belt(pins: MockFactory) -> None:
    inbox, told = Inbox(), []
    belt = worn(CueSettings(motor_pin=MOTOR, button_pin=BUTTON), pins, inbox, told)
    block = readings(0.0, 1.0)
    wait_until(lambda: pins.pin(BUTTON).when_changed is not None, "the button", 30)
    belt.short_press()
    assert [(c.kind, c.value) for c in inbox.take(1.0)] == [("command", "start_session")]
    belt.take(block, [change("started")])
    wait_until(lambda: pulses_felt(pins) == 1, "one tick", 30)
    belt.take(block, [raised("cadence_drop"), raised("rest_days")])
    wait_until(lambda: pulses_felt(pins) == 4, "three pulses", 30)
    belt.long_press()
    (noted,) = inbox.take(2.0)
    assert (noted.kind, noted.value) == ("pain", {"value": 5, "when": "during", "text": PRESSED})
    belt.take(noted, [])
    wait_until(lambda: pulses_felt(pins) == 7, "three ticks", 30)
    belt.take(Context(3.0, "pain", {"value": 5, "when": "during", "text": "by phone"}), [])
    belt.take(block, [change("resumed")])
    belt.short_press()
    assert [(c.kind, c.value) for c in inbox.take(4.0)] == [("command", "stop_session")]
    belt.finish([change("ended")])
    assert (pulses_felt(pins), told) == (9, [])


def test_what_no_run_takes_is_refused(pins: MockFactory) -> None:
    played: list[Cue] = []
    belt = Belt(CueSettings(), tell=lambda *_: False, report=print, pins=lambda: lambda: pins)
    belt._performer.play = played.append  # type: ignore[method-assign]
    belt.short_press()
    belt.long_press()
    belt.identify(None)
    assert played == [REFUSED, REFUSED, IDENTIFY]
    belt.finish([])


def test_missing_packages_are_told_and_the_run_goes_on() -> None:
    def missing() -> Callable[[], MockFactory]:
        raise CueError("Packages are missing.")

    told: list[str] = []
    belt = Belt(CueSettings(motor_pin=MOTOR), tell=Inbox().put, report=told.append, pins=missing)
    belt.take(readings(0.0, 1.0), [raised("impact_high")])
    belt.finish([])
    assert told == ["Packages are missing."]


def test_pins_that_hang_stop_no_run(pins: MockFactory) -> None:
    freed = threading.Event()

    def hanging() -> MockFactory:
        freed.wait(60)
        return pins

    belt = Belt(CueSettings(motor_pin=MOTOR), tell=Inbox().put, report=print, pins=lambda: hanging)
    for _ in range(50):
        belt.take(readings(0.0, 1.0), [raised("impact_high")])
    belt.finish([change("ended")])  # returns, though nothing was ever opened
    assert pins.pin(MOTOR).function == "input"
    freed.set()
    assert belt._performer.end(30.0)


# --- voice ----------------------------------------------------------------------------------------------------------


def program(folder: Path, name: str, body: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


def test_the_voice_says_the_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "espeak-ng", f'printf "%s\\n" "$@" > {tmp_path}/said')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    Voice("espeak-ng").play(NOTED)
    assert (tmp_path / "said").read_text().splitlines() == ["-v", "en", "Noted."]


def test_a_missing_program_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CueError, match=r'voice = "spd-say": it is not installed; sudo apt install speech-dispatcher\.'):
        Voice("spd-say")


@pytest.mark.parametrize(
    ("body", "told"),
    [("echo no sound card >&2; exit 1", "no sound card"), ("exec sleep 60", "did not end within 0.2 s")],
)
def test_a_voice_that_fails_or_hangs_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, told: str
) -> None:
    program(tmp_path, "espeak-ng", body)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(CueError, match=told):
        Voice("espeak-ng", longest_s=0.2).play(NOTED)
