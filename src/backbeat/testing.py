"""What helps to test with recordings: replays in memory, golden files with tolerances, a broker for a test.

`backbeat.pytest_plugin` makes pytest fixtures of it.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from backbeat.event_json import as_json
from backbeat.events import Alert, Event, Step, Summary
from backbeat.logbook.pace import InBlocks
from backbeat.monitor import Monitor, MonitorSettings
from backbeat.sources import Source, open_source

E = TypeVar("E")

BROKER_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the analysis found in a recording.

    Attributes:
        events: all of them, in the order in which they became known.
    """

    events: tuple[Event, ...]

    def of(self, kind: type[E]) -> list[E]:
        """The events of one type."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def steps(self) -> list[Step]:
        """All steps."""
        return self.of(Step)

    @property
    def alerts(self) -> list[Alert]:
        """Alerts that were raised."""
        return [alert for alert in self.of(Alert) if alert.state == "raised"]

    @property
    def summary(self) -> Summary:
        """The summary of the one session.

        Raises:
            ValueError: there is none, or more than one.
        """
        (summary,) = self.of(Summary)
        return summary


def replay(
    recording: str | Path | Source,
    *,
    settings: MonitorSettings | None = None,
    session: str | None = None,
    block: int | None = None,
) -> Replayed:
    """Analyse a recording as fast as it can be read; no clock is looked at.

    Args:
        recording: a file, a source's URI such as `sim:?seconds=60`, or an open source.
        settings: of the analysis.
        session: name of the session.
        block: feed so many readings at a time.
    """
    with open_source(str(recording)) if isinstance(recording, str | Path) else recording as source:
        monitor = Monitor(source.info, settings, session=session)
        events: list[Event] = []
        for part in InBlocks(source, block) if block else source:
            events += monitor.feed(part)
        return Replayed((*events, *monitor.end()))


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far a figure may be from its golden value.

    Attributes:
        time_s: for every time.
        relative: for every other number, as a share of the golden value …
        absolute: … or this much, whichever is larger.
        fields: field name to an absolute tolerance of its own.
        ignore: fields that are not compared.
    """

    time_s: float = 0.005
    relative: float = 0.02
    absolute: float = 1e-6
    fields: Mapping[str, float] | None = None
    ignore: Sequence[str] = ()


TIMES = frozenset({"time", "toe_off", "known_at", "start", "end"})


def differences(found: Iterable[Event], golden: str, tolerances: Tolerances) -> Iterator[str]:
    """In words, where events differ from the lines of a golden file by more than the tolerances."""
    events = [json.loads(json.dumps(as_json(event))) for event in found]
    wanted = [json.loads(line) for line in golden.splitlines()]
    if len(events) != len(wanted):
        yield f"{len(events)} events instead of {len(wanted)}"
    for number, (event, want) in enumerate(zip(events, wanted, strict=False), start=1):
        for name in sorted(want.keys() | event.keys()):
            if name not in tolerances.ignore and not _close(name, event.get(name), want.get(name), tolerances):
                yield f"line {number} ({want['kind']}): {name} is {event.get(name)!r} instead of {want.get(name)!r}"


def golden_text(events: Iterable[Event]) -> str:
    """Events as the lines of a golden file."""
    return "".join(json.dumps(as_json(event), ensure_ascii=False) + "\n" for event in events)


def _close(name: str, value: Any, want: Any, tolerances: Tolerances) -> bool:
    if isinstance(want, dict) and isinstance(value, dict):
        return want.keys() == value.keys() and all(_close(k, value[k], want[k], tolerances) for k in want)
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (value, want))
    if not numbers:
        return bool(value == want)
    allowed = tolerances.time_s if name in TIMES else max(tolerances.absolute, tolerances.relative * abs(want))
    if tolerances.fields and name in tolerances.fields:
        allowed = tolerances.fields[name]
    return bool(abs(value - want) <= allowed)


@contextmanager
def broker() -> Iterator[str]:
    """The address of a broker of one's own on loopback: Mosquitto if it is installed, else the embedded one.

    Raises:
        UserError: neither is installed.
    """
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if mosquitto is None:
        from backbeat.mqtt.embedded import EmbeddedBroker

        with EmbeddedBroker() as embedded:
            yield embedded.url
        return
    with tempfile.TemporaryDirectory(prefix="backbeat-test-broker-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        configuration = Path(folder) / "mosquitto.conf"
        configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")
        probe.close()
        with subprocess.Popen(  # noqa: S603 - the user's own Mosquitto
            [mosquitto, "-c", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                _wait_for(port)
                yield f"mqtt://127.0.0.1:{port}"
            finally:
                process.terminate()


def _wait_for(port: int) -> None:
    until = time.monotonic() + BROKER_PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return
