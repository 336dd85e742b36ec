"""The file that keeps how a sensor is worn."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from backbeat.errors import UserError
from backbeat.gait.mount import Worn
from backbeat.worn import Kept, keep, load, worn_file

WORN = Worn((0.0, 0.6, 0.8), (1.0, 0.0, 0.0), "reversed")
KEPT = Kept(WORN, "sacrum")


@pytest.mark.parametrize("kept", [KEPT, Kept(Worn(WORN.up, WORN.forward))])
def test_what_is_kept_is_found(kept: Kept, tmp_path: Path) -> None:
    file = worn_file(tmp_path, "sam", "LSM6DSOX at 0x6a\non bus 1")
    assert file == tmp_path / "worn" / "sam-lsm6dsox-at-0x6a-on-bus-1.toml"
    assert load(file) is None
    keep(file, kept, "sam", "LSM6DSOX at 0x6a\non bus 1", date(2026, 1, 2))
    assert load(file) == kept


@pytest.mark.parametrize(
    "text",
    [
        "up = ",
        "",
        "up = [0.0, 0.0, 1.0]",
        "up = [0.0, 0.0, 2.0]\nforward = [1.0, 0.0, 0.0]",
        "up = [0.0, nan, 1.0]\nforward = [1.0, 0.0, 0.0]",
        'up = [0.0, 0.0, 1.0]\nforward = [1.0, 0.0, 0.0]\nlegs = "three"',
        "up = [0.0, 0.0, 1.0]\nforward = [1.0, 0.0, 0.0]\nlegs = []",
        "up = [true, 0.0, 1.0]\nforward = [1.0, 0.0, 0.0]",
    ],
)
def test_a_damaged_file_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=r"x\.toml: is damaged"):
        load(file)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "worn").write_text("a file")
    with pytest.raises(UserError, match="cannot be written"):
        keep(tmp_path / "worn" / "x.toml", KEPT, "sam", "sensor", date(2026, 1, 2))
