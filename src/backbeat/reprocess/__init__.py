"""Analyse a whole archive of recordings again, after the analysis has changed.

`shelf` lists the recordings, `task` analyses one of them, `crew` has many done at a time and survives workers that are
killed, `index` remembers what is done, and `rerun` brings them together.
"""
