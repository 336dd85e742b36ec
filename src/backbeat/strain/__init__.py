"""Steps in, alerts and summaries out. Pure: no clock, no files, no network.

`engine` has the object; `symmetry` compares left and right, `drift` finds change from usual, `baseline` knows usual,
`catalogue` lists every alert and `causes` the evidence behind it, `index` sums a session up.
"""
