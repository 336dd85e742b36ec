"""A live run with a history: usual goes in first, the session is kept, a page is written."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from backbeat.history.live import WithUsual, consumers, runner_history
from backbeat.history.settings import HistorySettings
from backbeat.history.store import History
from backbeat.logbook.pace import Around
from backbeat.samples import Context, Samples, SourceInfo
from backbeat.strain.baseline import Baseline
from rigs.kept import keep, session_events
from rigs.steps import Runner, steps

LIVE = SourceInfo("test sensor", "live", utc_offset_s=1_760_000_000.0, position="sacrum")


class Sensor(Around):
    """Two empty and two full blocks."""

    def __init__(self) -> None:
        self.closed = False

    @property
    def info(self) -> SourceInfo:
        return LIVE

    def __iter__(self) -> Iterator[Samples | Context]:
        yield Samples.of(np.empty(0), np.empty((0, 3)))
        for k in range(2):
            yield Samples.of(5.0 + k + np.arange(3) / 10, np.zeros((3, 3)))

    def stop(self) -> None: ...

    def close(self) -> None:
        self.closed = True


def test_usual_is_told_before_the_first_reading(tmp_path: Path) -> None:
    settings = HistorySettings(folder=tmp_path)
    file = runner_history(settings, "sam")
    for k in range(6):
        keep(file, f"s{k}", Runner(seconds=250, seed=k), float(k))
    with WithUsual(Sensor(), file, print) as source:
        blocks = list(source)
    told = [i for i, block in enumerate(blocks) if isinstance(block, Context)]
    assert told == [1]
    assert isinstance(blocks[1], Context)
    assert blocks[1].time == 5.0
    baseline = Baseline.from_json(blocks[1].value)
    assert (baseline.state, baseline.sessions) == ("provisional", 6)


def test_a_session_is_kept_and_has_its_page(tmp_path: Path) -> None:
    troubles: list[str] = []
    takers = consumers(HistorySettings(folder=tmp_path), "sam", LIVE, troubles.append)
    for taker in takers:
        taker.take(Context(0.0, "battery_pct", 90), session_events("20251009-085320", steps(Runner(seconds=120))))
    for taker in takers:
        taker.finish([])
    assert troubles == []
    with History(tmp_path / "sam.sqlite") as history:
        assert history.session("last").summary is not None
    assert "You ran for" in (tmp_path / "reports" / "sam" / "20251009-085320.html").read_text()


@pytest.mark.parametrize("origin", ["replay", "simulated"])
def test_what_nobody_ran_is_nobodys_history(tmp_path: Path, origin: str) -> None:
    info = SourceInfo("test", origin)  # type: ignore[arg-type]
    assert consumers(HistorySettings(folder=tmp_path), "sam", info, print) == []
    assert list(tmp_path.iterdir()) == []


def test_a_broken_history_costs_the_comparison_and_not_the_run(tmp_path: Path) -> None:
    file = tmp_path / "sam.sqlite"
    file.write_bytes(b"nonsense" * 1000)
    troubles: list[str] = []
    with WithUsual(Sensor(), file, troubles.append) as source:
        assert not any(isinstance(block, Context) for block in source)
    assert consumers(HistorySettings(folder=tmp_path), "sam", LIVE, troubles.append) == []
    assert len(troubles) == 2
