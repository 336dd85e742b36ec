"""A few words through a speech program: to a Bluetooth headset, or whatever the Pi's sound output is."""

from __future__ import annotations

import shutil
import subprocess

from backbeat.cues.patterns import Cue
from backbeat.cues.performer import CueError

PROGRAMS: dict[str, tuple[str, ...]] = {
    "espeak-ng": ("espeak-ng", "-v", "en"),
    "spd-say": ("spd-say", "--wait", "--language", "en"),
}
"""Setting to the program and its words, before those to be said. spd-say speaks with whatever speech-dispatcher has,
piper for one."""

LONGEST_S = 15.0
"""No cue takes so long to say: it hangs, perhaps because the headset went away."""


class Voice:
    """Says the words of a cue (`backbeat.cues.performer.Output`)."""

    def __init__(self, program: str, *, longest_s: float = LONGEST_S) -> None:
        """Look for the program.

        Args:
            program: key of `PROGRAMS`.
            longest_s: after so long a speaker that does not end is ended.

        Raises:
            CueError: it is not installed.
        """
        name, *words = PROGRAMS[program]
        found = shutil.which(name)
        if found is None:
            package = "speech-dispatcher" if name == "spd-say" else name
            raise CueError(f'[cues] voice = "{program}": it is not installed; sudo apt install {package}.')
        self._program, self._words, self._longest_s = found, words, longest_s

    def play(self, cue: Cue) -> None:
        """Say it to its end."""
        try:
            done = subprocess.run(  # noqa: S603 - a fixed program, and words of our own
                [self._program, *self._words, cue.words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=self._longest_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CueError(f"{self._program} did not end within {self._longest_s:g} s; is the headset on?") from None
        except OSError as error:
            raise CueError(f"{self._program} cannot be run ({error.strerror}).") from None
        if done.returncode:
            told = done.stderr.decode(errors="replace").strip().splitlines()
            raise CueError(f"{self._program} failed ({told[-1] if told else done.returncode}); is the headset on?")

    def close(self) -> None:
        """Nothing is kept."""
