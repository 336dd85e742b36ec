"""A team's archive: what its devices tell by MQTT, in PostgreSQL or SQLite.

`wanted` says what is subscribed and `subscription` is the connection to the broker; `messages` reads payloads and
`tables` says how they are kept; `database` opens the place where, and `archive` fills it; `gaps` finds what is missing
and `search` says when to look; `collector` brings them together.
"""
