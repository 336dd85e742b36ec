"""Backbeat: a running-gait monitor for a hip-worn motion sensor."""

__version__ = "0.1.0"
