"""Chips and Bluetooth sensors that behave like the real ones, faults included."""
