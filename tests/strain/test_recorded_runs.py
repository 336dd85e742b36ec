"""What is told of real runs in which, as far as anybody knows, nothing happened: nothing."""

from pathlib import Path

import pytest

from backbeat.events import Alert
from backbeat.logbook.source import open_recording
from backbeat.monitor import Monitor


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_no_alert_that_a_sane_coach_would_call_wrong(recordings: Path) -> None:
    """A sensor at the left hip reads 47 % more on the right for 12 minutes: that is no runner landing on one foot."""
    files = sorted(recordings.glob("*/*/imu.csv"))
    assert len(files) >= 37
    for file in files:
        recording = open_recording(file)
        monitor = Monitor(recording.info)
        events = [event for block in recording for event in monitor.feed(block)] + list(monitor.end())
        assert [event.alert for event in events if isinstance(event, Alert)] == [], file.parent.name
