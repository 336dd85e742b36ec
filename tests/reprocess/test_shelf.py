"""Which results recordings get, and where they may not go."""

from __future__ import annotations

import os
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


def test_what_goes_while_the_archive_is_listed_is_not_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stays.csv", "a/goes.csv", "b/goes.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    listing, resolve = os.scandir, Path.resolve

    def emptied(folder: str) -> object:
        if Path(folder) == tmp_path / "a":
            (tmp_path / "a" / "goes.csv").unlink()
            (tmp_path / "a").rmdir()
        return listing(folder)

    def removed(path: Path, strict: bool = False) -> Path:  # asked of each file before it is looked at
        if path == tmp_path / "b" / "goes.csv":
            path.unlink()
        return resolve(path, strict)

    monkeypatch.setattr(os, "scandir", emptied)
    monkeypatch.setattr(Path, "resolve", removed)
    assert [found.name for found in recordings(str(tmp_path), leave_out=tmp_path / "goes.csv")] == ["stays"]


def test_a_file_in_place_of_the_results_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(UserError, match="is a file; choose a folder"):
        load(tmp_path / "out")
