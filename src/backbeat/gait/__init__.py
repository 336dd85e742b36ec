"""Readings in, steps out. Pure: no clock, no files, no network."""
