"""A team's archive: what its devices tell by MQTT, in PostgreSQL or SQLite.

`messages` reads payloads, `tables` says how they are kept, `database` opens it and `archive` fills it, `gaps` finds
what is missing and `search` says when to look, `subscription` is the connection to the broker, and `collector` brings
them together.
"""
