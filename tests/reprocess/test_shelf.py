"""Which results recordings get, and where they may not go."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFile

from backbeat.errors import UserError
from backbeat.reprocess.index import load
from backbeat.reprocess.shelf import recordings


def test_no_two_recordings_share_a_result(tmp_path: Path) -> None:
    for name in ("a.mcap", "a.csv", "a.mcap.csv", "b.csv"):
        (tmp_path / name).touch()
    assert [found.name for found in recordings(str(tmp_path))] == ["a.csv", "a.mcap", "a.mcap.csv", "b"]


def test_no_name_in_a_bucket_leads_out_of_the_results_or_to_those_of_another(tmp_path: Path) -> None:
    bucket = fsspec.filesystem("memory")
    for name in ("../../evil.csv", "a/one.csv", "a//one.csv", "/abs.csv"):
        bucket.store[f"/odd/{name}"] = MemoryFile(bucket, f"/odd/{name}", b"")
    try:
        names = [found.name for found in recordings("memory://odd")]
    finally:
        bucket.store.clear()
    places = {(tmp_path / name).resolve() for name in names}
    assert len(places) == 4
    assert all(place.is_relative_to(tmp_path.resolve()) for place in places), names


def test_a_file_in_place_of_the_results_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(UserError, match="is a file; choose a folder"):
        load(tmp_path / "out")
