"""Readings in, steps out. Pure: no clock, no files, no network.

`engine` has the object. In the order of the way: `grid` and `filters` put the signals on one time base, `axes` finds
the body's directions in them (`mount`: where they were told), `activity` tells running from walking, `stances` finds
where the body is borne and `queue` which of those are steps; `contacts` (running) and `walking` time initial contact
and toe-off, `sides` tells left from right, and `measures`, `strides` and `posture` measure what `steps` puts on each
step. `stretch` and `analysis` hold the way together between gaps and across them.
"""
