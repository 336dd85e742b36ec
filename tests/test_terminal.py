"""What a person sees of a run."""

import io
from dataclasses import replace

import numpy as np
from rich.console import Console

from backbeat.events import ActivityChange, Alert, SessionChange, Step, Summary
from backbeat.samples import Samples, SourceInfo
from backbeat.terminal import LiveTable, PlainLines, title

INFO = SourceInfo(name="runner.csv", origin="replay", readings=13000)
EVENTS = [
    SessionChange(time=110.0, known_at=140.0, session="run-1", state="started"),
    Alert(
        time=150.0, known_at=155.0, alert="impact", state="raised", side="right", value=3.41, usual=2.9, unit="g",
        message="Your right foot lands harder than usual.",
    ),
    ActivityChange(start=110.0, end=200.0, known_at=201.0, activity="running"),
]  # fmt: skip
SUMMARY = Summary(
    session="run-1", start=110.0, end=200.0, known_at=201.0, running_s=90.0, walking_s=0.0, steps=255,
    cadence_spm=170.0, impact_peak_g=3.1, alerts={"impact": 1},
)  # fmt: skip


def steps(start: float, end: float) -> list[Step]:
    return [
        Step(
            time=t, toe_off=t + 0.25, known_at=t + 0.4, side="left", side_confidence=0.9, activity="running",
            cadence_spm=171.4, contact_time_ms=250.0,
        )
        for t in np.arange(start, end, 0.35).tolist()
    ]  # fmt: skip


def minutes() -> Samples:
    time = np.arange(100.0, 230.0, 0.01)
    return Samples.of(time, np.zeros((len(time), 3)))


def test_plain_lines_tell_events_state_and_summary() -> None:
    out = io.StringIO()
    view = PlainLines(INFO, out)
    view.take(minutes(), [*EVENTS, *steps(201.0, 229.0)])
    view.finish([SUMMARY])
    told = out.getvalue().splitlines()
    assert told[0] == "runner.csv"
    assert "0:00:10  session run-1 started" in told
    assert any("alert impact raised (right): Your right foot lands harder than usual. [now 3.41 g" in t for t in told)
    assert "0:00:10–0:01:40  running, 90 s" in told
    assert any("running, steps" in t and "171 steps/min" in t and "250 ms" in t for t in told)
    assert any("cadence" in t and "170 steps/min" in t for t in told)
    assert any("impact ×1" in t for t in told)


def test_a_name_steers_no_terminal() -> None:
    info = replace(INFO, name="[/b] \x1b[2J\x9b\udcff.csv")
    plain, table = io.StringIO(), io.StringIO()
    for view in (PlainLines(info, plain), LiveTable(info, Console(file=table, force_terminal=True, width=100))):
        view.take(minutes(), [])
        view.finish([])
    assert plain.getvalue() == "[/b] �[2J��.csv\n"
    assert "[/b] �[2J��.csv" in table.getvalue()


def test_nothing_is_told_of_a_silent_recording_but_its_name() -> None:
    out = io.StringIO()
    view = PlainLines(INFO, out)
    view.take(minutes(), [])
    view.finish([])
    assert out.getvalue() == "runner.csv\n"


def test_the_table_shows_figures_progress_and_leaves_the_summary() -> None:
    out = io.StringIO()
    view = LiveTable(INFO, Console(file=out, force_terminal=True, width=100))
    view.take(minutes(), [*EVENTS, *steps(201.0, 229.0)])
    view.finish([SUMMARY])
    assert "171 steps/min" in out.getvalue()
    assert "100 %" in out.getvalue()
    assert "Your right foot lands harder" in out.getvalue()
    assert "runner.csv: summary" in out.getvalue()


def test_simulated_readings_are_called_so() -> None:
    assert title(SourceInfo(name="runner", origin="simulated")) == "runner (simulated)"
    assert title(SourceInfo(name="simulated runner", origin="simulated")) == "simulated runner"
