"""A runner's history filled from simulated steps through the real analysis and the real keeper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backbeat.events import Event, SessionChange, Step
from backbeat.history.keeper import HistoryKeeper
from backbeat.history.store import History
from backbeat.history.usual import baseline_context
from backbeat.samples import Context, SourceInfo
from backbeat.strain.engine import Known, Strain
from backbeat.strain.settings import StrainSettings
from rigs.steps import Runner, steps

FIRST_UTC = 1_750_000_000.0
DAY_S = 86_400.0


def session_events(
    name: str, run: Sequence[Step], baseline: Context | None = None, notes: Sequence[Context] = ()
) -> list[Event]:
    """What the monitor says to these steps, as one session."""
    strain = Strain(StrainSettings(), Known("sacrum"))
    if baseline is not None:
        strain.context(baseline, 0.0)
    first, last = run[0], run[-1]
    events: list[Event] = [SessionChange(time=first.time, known_at=first.known_at, session=name, state="started")]
    for step in run:
        events += [step, *strain.step(step)]
    for note in notes:
        events += strain.context(note, last.time)
    events += strain.finish(name, last.time, last.known_at, 0.0)
    events.append(SessionChange(time=last.time, known_at=last.known_at, session=name, state="ended"))
    return events


def keep(file: Path, name: str, runner: Runner, day: float, *, notes: Sequence[Context] = ()) -> list[Event]:
    """Run one session against the runner's own usual so far, and keep it."""
    utc = FIRST_UTC + day * DAY_S
    info = SourceInfo("simulated runner", "simulated", position="sacrum", utc_offset_s=utc)
    history = History(file)
    events = session_events(name, steps(runner), baseline_context(history, "sacrum", 0.0, utc), notes)
    troubles: list[str] = []
    keeper = HistoryKeeper(history, info, troubles.append)
    for note in notes:
        keeper.take(note, [])
    keeper.take(Context(0.0, "battery_pct", 50), events)
    keeper.finish([])
    assert troubles == []
    return events
