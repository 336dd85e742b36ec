"""Backbeat: a running-gait monitor for a hip-worn motion sensor."""

from importlib.metadata import version

__version__ = version("backbeat")
