"""A team's archive: what its devices tell by MQTT, in PostgreSQL or SQLite.

`messages` reads payloads, `tables` says how they are kept, `archive` keeps them, `gaps` finds what is missing,
`subscription` is the connection to the broker, and `collector` brings them together.
"""
