"""The configuration: one TOML file, read into the settings types of the rooms that it sets.

`load(path)` gives `Settings`, or one error that names every fault of the file with its place and what is allowed.
"""

from backbeat.config.load import ConfigError, find, load
from backbeat.config.settings import Settings

__all__ = ["ConfigError", "Settings", "find", "load"]
