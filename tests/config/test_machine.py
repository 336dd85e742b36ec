"""What the doctor says about the machine itself."""

from __future__ import annotations

import pytest

from backbeat.cli.machine import check_power, configuration
from backbeat.cli.patient import Patient
from backbeat.service import THROTTLED


@pytest.mark.parametrize(
    ("text", "states", "told"),
    [
        ("0", ["good"], "right since the start"),
        ("50005", ["bad", "bad"], "voltage is too low"),
        ("50000", ["bad", "bad"], "since the start: the supply voltage"),
        ("8", ["bad"], "highest temperature"),
    ],
)
def test_the_firmware_s_flags_in_words(tmp_path, text, states, told):
    file = tmp_path / THROTTLED.relative_to("/")
    assert list(check_power(Patient(root=tmp_path))) == []  # no Pi
    file.parent.mkdir(parents=True)
    file.write_text(f"{text}\n", encoding="ascii")
    found = list(check_power(Patient(root=tmp_path)))
    assert [finding.state for finding in found] == states
    assert told in found[0].what
    assert all(finding.remedy for finding in found if finding.state == "bad")


def test_the_configuration_in_force(tmp_path):
    place = tmp_path / "backbeat.toml"
    assert configuration([place]) is None
    place.touch()
    assert configuration([place]) == (True, f"{place} can be used")
    place.write_text("colour = 1", encoding="utf-8")
    good, told = configuration([place])
    assert not good
    assert "colour" in told
