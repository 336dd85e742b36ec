"""What comes after a connection that failed: how long to wait, and which version of MQTT is tried. Pure."""

from __future__ import annotations

from collections.abc import Callable

from backbeat.mqtt.link import BROKE, Mqtt
from backbeat.mqtt.refusals import WRONG_VERSION
from backbeat.mqtt.settings import Version


class Pauses:
    """Pauses that double from one failure to the next, cut short by chance, so that not all come back at once.

    Attributes:
        failures: in a row.
    """

    def __init__(self, first_s: float, longest_s: float, jitter: Callable[[], float]) -> None:
        """No failure yet.

        Args:
            first_s: longest pause after the first failure.
            longest_s: and after many.
            jitter: 0 to 1; at 0 a pause is half of the longest.
        """
        self._first_s, self._longest_s, self._jitter = first_s, longest_s, jitter
        self.failures = 0

    def after_failure(self) -> float:
        """One more failure; the pause in s before the next attempt."""
        pause = min(self._first_s * 2.0 ** min(self.failures, 10), self._longest_s)
        self.failures += 1
        return pause * (0.5 + 0.5 * self._jitter())

    def succeeded(self) -> None:
        """Begin again with short ones."""
        self.failures = 0


class Versions:
    """Version of MQTT to connect with: that of the setting; with "auto" 5, and 3.1.1 where that is not understood.

    Brokers that know only 3.1.1 say so, as the standard wants, or just close the connection. The second proves little
    of one that has spoken version 5 before: it may be about to end.

    Attributes:
        present: of the next attempt.
    """

    def __init__(self, wanted: Version) -> None:
        self._auto = wanted == "auto"
        self.present: Mqtt = "3.1.1" if wanted == "3.1.1" else "5"
        self._five_spoken = False

    def connected(self) -> None:
        """The broker took the connection."""
        self._five_spoken |= self.present == "5"

    def failed(self, reason: str, code: int | None, *, was_up: bool) -> bool:
        """The connection failed or broke; whether to try another version at once.

        Args:
            reason: of the failure, `BROKE` where it was closed without a word.
            code: reason code of the broker, None where it gave none.
            was_up: whether the broker had taken it.
        """
        not_understood = code == WRONG_VERSION or (reason == BROKE and not self._five_spoken)
        if not self._auto or was_up or not not_understood:
            return False
        self.present = "3.1.1" if self.present == "5" else "5"
        return self.present == "3.1.1"
