"""The settings that a recorded run was analysed with."""

from __future__ import annotations

from collections.abc import Callable

from backbeat.logbook.recording import Recording
from backbeat.monitor import MonitorSettings


def settings_of(recording: Recording, report: Callable[[str], None]) -> MonitorSettings:
    """Those in the recording, so that its replay gives the same events; the defaults where there are none.

    Args:
        recording: opened.
        report: told in words for people of settings that are not known here.
    """
    if not recording.settings:
        return MonitorSettings()
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(MonitorSettings).validate_python(recording.settings)
    except ValidationError as error:
        report(f"{recording.info.name}: its settings are not known here ({error.errors()[0]['msg']}).")
        return MonitorSettings()
