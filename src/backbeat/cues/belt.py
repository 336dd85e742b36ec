"""What a runner wears: the consumer of a run that cues its alerts, and hands it what the button says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time
from functools import cache

from backbeat.cues.button import Button
from backbeat.cues.motor import Motor
from backbeat.cues.patterns import ENDED, IDENTIFY, NOTED, REFUSED, STARTED
from backbeat.cues.performer import CueError, Opener, Performer
from backbeat.cues.pins import Pins, real_pins
from backbeat.cues.rules import Rules
from backbeat.cues.settings import CueSettings
from backbeat.cues.voice import Voice
from backbeat.events import Alert, Event, SessionChange
from backbeat.samples import Context, ContextKind, JsonValue, Samples

END_PATIENCE_S = 1.0
"""For the answer that the session is over; a run that is stopped ends within five seconds, most for the broker."""

PRESSED = "my back hurts now (button)"
"""Text of the note that a long press makes."""


def local_time() -> time:
    """The time of day where the runner is."""
    return datetime.now().time()


class Belt:
    """Cues alerts and hears the button (a `backbeat.pipeline.Consumer`)."""

    def __init__(
        self,
        settings: CueSettings,
        *,
        tell: Callable[[ContextKind, JsonValue], bool],
        report: Callable[[str], None],
        pins: Callable[[], Pins] = real_pins,
        now: Callable[[], time] = local_time,
    ) -> None:
        """Begin to open what the settings name.

        Args:
            settings: checked ones.
            tell: takes what the button says to the run (`backbeat.inbox.Inbox.put`); called on another thread.
            report: told in words for people what does not work; called on another thread.
            pins: gives what opens the Pi's pins.
            now: local time of day.
        """
        self._settings, self._tell, self._now = settings, tell, now
        self._rules = Rules(settings)
        self._session = False
        found: list[Opener] = []
        try:
            found = openers(settings, pins, self.short_press, self.long_press)
        except CueError as error:
            report(str(error))
        self._performer = Performer(found, report)

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """See `backbeat.pipeline.Consumer`."""
        if isinstance(block, Context) and _is_pressed(block):
            self._performer.play(NOTED)
        self._tell_runner(events)

    def finish(self, events: Sequence[Event]) -> None:
        """See `backbeat.pipeline.Consumer`."""
        self._tell_runner(events)
        self._performer.end(END_PATIENCE_S)

    def identify(self, _asked: object) -> Mapping[str, JsonValue]:
        """Do the command `identify`: let it be felt or heard which device this is."""
        self._performer.play(IDENTIFY)
        return {}

    def short_press(self) -> None:
        """Start a session, or stop the one under way. The answer comes when the run has done it."""
        if not self._tell("command", "stop_session" if self._session else "start_session"):
            self._performer.play(REFUSED)

    def long_press(self) -> None:
        """Note pain now."""
        note: JsonValue = {"value": self._settings.pain_level, "when": "during", "text": PRESSED}
        if not self._tell("pain", note):
            self._performer.play(REFUSED)

    def _tell_runner(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case SessionChange():
                    self._session = event.state != "ended"
                    if event.state != "resumed":
                        self._performer.play(STARTED if event.state == "started" else ENDED)
                case Alert():
                    cue = self._rules.cue(event, self._now())
                    if cue is not None:
                        self._performer.play(cue)
                case _:
                    pass


def _is_pressed(context: Context) -> bool:
    value = context.value
    return context.kind == "pain" and isinstance(value, Mapping) and value.get("text") == PRESSED


def openers(
    settings: CueSettings, pins: Callable[[], Pins], short: Callable[[], None], long: Callable[[], None]
) -> list[Opener]:
    """What opens the motor, the voice and the button that the settings name; motor and button share the Pi's pins.

    Raises:
        CueError: a package for the pins is missing.
    """
    motor, button, voice = settings.motor_pin, settings.button_pin, settings.voice
    found: list[Opener] = []
    if voice != "none":
        found.append(lambda _: Voice(voice))
    if motor is None and button is None:
        return found
    opened = cache(pins())
    if button is not None:
        found.insert(0, lambda _: Button(button, opened(), short, long))
    if motor is not None:
        found.insert(0, lambda pause: Motor(motor, opened(), pause))
    return found
