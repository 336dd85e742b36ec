"""Recordings: writing, reading, importing, exporting, repairing."""
