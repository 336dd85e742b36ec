"""Which results recordings get, and where they may not go."""

from __future__ import annotations

from pathlib import Path

import pytest

from backbeat.errors import UserError
from backbeat.reprocess.index import load
from backbeat.reprocess.shelf import recordings


def test_no_two_recordings_share_a_result(tmp_path: Path) -> None:
    for name in ("a.mcap", "a.csv", "a.mcap.csv", "b.csv"):
        (tmp_path / name).touch()
    assert [found.name for found in recordings(str(tmp_path))] == ["a.csv", "a.mcap", "a.mcap.csv", "b"]


def test_a_file_in_place_of_the_results_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(UserError, match="is a file; choose a folder"):
        load(tmp_path / "out")
