"""What a person sees of a run."""

import io
from dataclasses import replace

import numpy as np
from rich.console import Console

from backbeat.events import ActivityChange, Alert, SessionChange, SignalQuality, Step, Summary, Symmetry
from backbeat.numerals import big
from backbeat.samples import Context, Samples, SourceInfo
from backbeat.terminal import LargeFigures, PlainLines, title

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
    assert any(
        "alert impact raised (right): Your right foot lands harder than usual. [usual 2.9 g, now 3.41 g" in t
        for t in told
    )
    assert "0:00:10–0:01:40  running, 90 s" in told
    assert any("running, steps" in t and "171 steps/min" in t and "250 ms" in t for t in told)
    assert any("cadence" in t and "170 steps/min" in t for t in told)
    assert any("impact ×1" in t for t in told)


def test_a_name_steers_no_terminal() -> None:
    info = replace(INFO, name="[/b] \x1b[2J\x9b\udcff.csv")
    plain, table = io.StringIO(), io.StringIO()
    for view in (PlainLines(info, plain), LargeFigures(info, Console(file=table, force_terminal=True, width=100))):
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


def lines_of(view: LargeFigures, width: int = 100) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(view.shown())
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_runner_reads_large_figures_the_alert_and_how_well_it_is_measured() -> None:
    view = LargeFigures(INFO, Console(file=io.StringIO(), force_terminal=True, width=100))
    view.take(minutes(), [*EVENTS[:2], *steps(201.0, 229.6)])
    told = lines_of(view)
    assert told[0] == "runner.csv: running, session 0:01:59"
    for row, figure in zip(told[2:7], big("171").splitlines(), strict=True):
        assert row.startswith(figure.rstrip())
    assert told[7].split("  ")[0] == "cadence, steps/min"
    assert " Your right foot lands harder than usual." in told
    assert any("contact 250 ms" in line for line in told)
    view.take(Context(229.9, "battery_pct", 9), [])
    view.take(
        Samples.of(np.array([230.5]), np.zeros((1, 3))),
        [
            replace(EVENTS[1], state="cleared", known_at=230.2),
            SignalQuality(time=230.0, known_at=230.2, quality=0.4, problems={"loose": "Tighten the belt."}),
        ],
    )
    told = lines_of(view)
    assert "no alert" in told
    assert "signal 40 %   sensor's battery 9 %   Tighten the belt." in told
    view.take(Context(230.5, "sensor", {"state": "lost", "reason": "unplugged"}), [])
    told = lines_of(view)
    assert told[0].startswith("runner.csv: unknown")
    assert any(line.startswith("sensor lost   signal 40 %") for line in told)
    view.finish([])


def test_three_figures_fit_into_eighty_columns() -> None:
    view = LargeFigures(INFO, Console(file=io.StringIO(), force_terminal=True, width=80))
    lopsided = Symmetry(start=200.0, end=229.0, known_at=229.0, steps_left=50, steps_right=50, impact_pct=-24.2)
    hard = [replace(step, impact_peak_g=12.5) for step in steps(201.0, 229.6)]
    view.take(minutes(), [*hard, lopsided])
    told = lines_of(view, 80)
    assert "cadence, steps/min" in told[7]
    assert "impact, g" in told[7]
    assert told[7].endswith("right against left, %")
    assert max(len(line) for line in told[2:8]) <= 80
    view.finish([])


def test_large_figures_keep_their_shape() -> None:
    assert big("1.") == "\n".join(["  ██      ", "████      ", "  ██      ", "  ██      ", "██████  ██"])
    for figure in ("0123456789", "+12.3", "-0.4", "–"):
        rows = big(figure, "#").splitlines()
        assert len(rows) == 5
        assert len({len(row) for row in rows}) == 1
        assert set("".join(rows)) <= {"#", " "}
    assert len({big(digit) for digit in "0123456789"}) == 10


def test_the_view_shows_progress_and_leaves_the_summary() -> None:
    out = io.StringIO()
    view = LargeFigures(INFO, Console(file=out, force_terminal=True, width=100))
    view.take(minutes(), [*EVENTS, *steps(201.0, 229.0)])
    view.finish([SUMMARY])
    assert "100 %" in out.getvalue()
    assert "Your right foot lands harder" in out.getvalue()
    assert "runner.csv: summary" in out.getvalue()


def test_simulated_readings_are_called_so() -> None:
    assert title(SourceInfo(name="runner", origin="simulated")) == "runner (simulated)"
    assert title(SourceInfo(name="simulated runner", origin="simulated")) == "simulated runner"
