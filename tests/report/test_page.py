"""The page, its words and its pictures, from simulated sessions."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from backbeat.cli import main
from backbeat.history.store import History
from backbeat.report.chart import timeline
from backbeat.report.material import Collector, Material, from_history
from backbeat.report.page import page
from backbeat.report.words import duration, how_sure, in_words, usual_of, with_unit
from backbeat.samples import Context, SourceInfo
from rigs.kept import keep, session_events
from rigs.steps import Runner, steps


class Elements(HTMLParser):
    """Checks that elements close in order, and remembers what there is."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID and not self.get_starttag_text().endswith("/>"):  # type: ignore[union-attr]
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def of_run(runner: Runner, notes: tuple[Context, ...] = ()) -> Material:
    collector = Collector(SourceInfo("simulated runner", "simulated", position="sacrum"))
    collector.finish(session_events("one", steps(runner), notes=notes))
    (material,) = collector.sessions
    return material


@pytest.fixture(scope="module")
def eventful() -> Material:
    return of_run(
        Runner(
            seconds=1500,
            speed=lambda _: 3.0,
            asymmetry={"impact_peak_g": lambda t: 2.0 if t < 900 else 12.0},
            change={"impact_peak_g": lambda t: 0.0 if t < 900 else 0.2},
        ),
        (Context(1.0, "pain", 6),),
    )


def test_the_page_is_whole_and_loads_nothing(eventful: Material) -> None:
    text = page(eventful)
    elements = Elements(text)
    for tag, attributes in elements.seen:
        assert tag not in ("script", "link", "img", "iframe", "object")
        assert "src" not in attributes
        if tag == "a":
            assert (attributes["href"] or "").startswith(("https://", "#professional"))
    assert "url(" not in text
    assert "@import" not in text


def test_words_come_first_and_every_picture_has_its_table(eventful: Material) -> None:
    text = page(eventful)
    assert text.index("You ran for 25 min") < text.index("<svg")
    pictures = [a for tag, a in Elements(text).seen if tag == "svg" and a.get("role") == "img"]
    assert len(pictures) >= 5
    assert all(a["aria-label"] for a in pictures)
    assert text.index("<figure") < text.index("The figures behind these pictures")
    assert "simulated runner, not a person" in text


def test_alerts_stand_in_the_page_with_both_sides_of_the_evidence(eventful: Material) -> None:
    text = page(eventful)
    assert "Landing harder than your usual" in text
    assert "Right landings are firmer" in text
    assert "stop running for today" in text
    assert text.count("Against it:") >= 3


def test_nothing_is_said_that_may_not_be_said(eventful: Material) -> None:
    text = re.sub(r"<style>.*?</style>", "", page(eventful), flags=re.DOTALL).lower()
    for word in ("your risk", "injury risk", "at risk", "predict", "unsafe", "abnormal", "dysfunction", "damage"):
        assert word not in text, word
    assert "not a probability of injury" in text
    assert "not a medical device" in text


def test_what_is_not_known_is_said_to_be_so() -> None:
    bare = of_run(Runner(seconds=100, without=("impact_peak_g", "peak_force_bw", "pelvic_drop_deg")))
    text = page(bare)
    Elements(text)
    assert "still being learned" in text
    assert "Impact at the sensor <span" not in text


def test_a_quantity_has_one_figure_on_the_page(eventful: Material) -> None:
    summary = eventful.summary
    values = {c["component"]: c["value"] for c in summary["index"]["components"]}
    assert values["impact"] == pytest.approx(summary["impact_peak_g"], abs=0.001)
    assert values["cadence"] == pytest.approx(summary["cadence_spm"], abs=0.01)
    assert values["asymmetry"] == pytest.approx(summary["symmetry"]["impact_pct"], abs=0.01)


def test_nothing_is_compared_with_a_usual_that_is_not_known(eventful: Material) -> None:
    text = page(eventful)
    assert "your usual is still being learned" in text.lower()
    assert "clearly different from usual" not in text
    assert "still being learned</dd>" in text


def test_a_lopsided_sensor_is_not_a_lopsided_runner() -> None:
    beside = {"impact_pct": -46.7, "impact_low_pct": -48.0, "impact_high_pct": -45.0}
    said = " ".join(in_words({"running_s": 600.0, "steps": 1700, "symmetry": beside}, []))
    assert "beside the midline of the body and not from the legs" in said
    assert "harder" not in said


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (4.0, "days", "4 days"),
        (15.72, "%", "15.7 %"),
        (-0.01, "%", "0.0 %"),
        (3.5, "g", "3.50 g"),
        (5.512, "°", "5.51°"),
        (166.4, "steps/min", "166 steps/min"),
        (None, "g", "–"),
    ],
)
def test_figures_have_their_unit(value: float | None, unit: str, told: str) -> None:
    assert with_unit(value, unit) == told


def test_what_is_counted_is_not_called_usual() -> None:
    counted = {"score_pct": 57.0, "low_pct": 57.0, "high_pct": 57.0, "weight_pct": 30.0, "usual": None, "unit": "%"}
    longest = {**counted, "component": "longest_run", "reason": None}
    assert (how_sure(longest), usual_of(longest)) == ("beyond it", "–")
    rest = {**counted, "component": "rest_days", "score_pct": 0.0, "usual": 2.0, "unit": "days", "reason": None}
    assert (how_sure(rest), usual_of(rest)) == ("two or more", "2 days or more")


def test_markup_in_what_was_entered_stays_text(tmp_path: Path) -> None:
    file = tmp_path / "me.sqlite"
    note = Context(1.0, "note", {"text": "<script>alert(1)</script>"})
    keep(file, "one", Runner(seconds=90), 0.0, notes=[note])
    with History(file) as history:
        text = page(from_history(history, "last"))
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_run_too_short_for_lines_says_so() -> None:
    short = page(of_run(Runner(seconds=50, speed=lambda _: 3.0)))
    Elements(short)
    assert "too short for lines over time" in short
    assert "polyline" not in short
    assert "too short for lines over time" not in page(of_run(Runner(seconds=200, speed=lambda _: 3.0)))


def test_a_recording_or_session_that_is_not_there_is_said_to_be_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for what, told in (("nope.mcap", "no such recording"), ("last", "no session is kept")):
        with pytest.raises(SystemExit) as end:
            main(["report", what])
        assert end.value.code == 2
        assert told in capsys.readouterr().err


def test_trend_over_sessions(tmp_path: Path) -> None:
    file = tmp_path / "me.sqlite"
    for k in range(4):
        keep(file, f"s{k}", Runner(seconds=100, seed=k), float(k))
    with History(file) as history:
        text = page(from_history(history, "last"))
    assert "Your sessions so far" in text
    Elements(text)


def test_command_writes_a_page_of_a_simulated_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "page.html"
    with pytest.raises(SystemExit) as end:
        main(["report", "sim:?seconds=70&seed=3", "--out", str(out)])
    assert not end.value.code
    Elements(out.read_text())
    with pytest.raises(SystemExit) as end:
        main(["report", "sim:?seconds=10&seed=3", "--out", str(out)])
    assert end.value.code == 2
    assert "30 seconds of running" in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "words"), [(45, "45 s"), (720, "12 min"), (3900, "1 h 05 min")])
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_picture_without_values_is_none_and_gaps_interrupt_the_line() -> None:
    assert timeline("a", "b", [(0.0, None)], (0, 1)) == ""
    drawn = timeline("a", "b", [(0.0, 1.0), (1.0, 2.0), (2.0, None), (3.0, 1.0), (4.0, 1.5)], (0, 4))
    assert drawn.count("<polyline") == 2


def test_mirrored_sessions_say_mirrored_words() -> None:
    base = {"running_s": 600.0, "steps": 1700}
    right = {"impact_pct": 6.0, "impact_low_pct": 4.0, "impact_high_pct": 8.0}
    left = {"impact_pct": -6.0, "impact_low_pct": -8.0, "impact_high_pct": -4.0}
    said = [" ".join(in_words({**base, "symmetry": s}, [])) for s in (right, left)]
    assert said[0].replace("right", "left") == said[1]
