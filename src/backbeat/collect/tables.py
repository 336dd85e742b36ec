"""The archive's tables, the same in PostgreSQL and SQLite: one column a plain field, all else of a message in `more`.

`live` grows without end and is laid out for TimescaleDB: its time is in its key, and it refers to no other table.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    REAL,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from backbeat.collect.messages import Kind, columns

METADATA = MetaData()

_TIME = DateTime(timezone=True)
_TYPES: dict[type, TypeEngine[Any]] = {float: Double(), int: BigInteger(), bool: Boolean(), str: Text()}


def _table(name: str, kind: Kind, key: tuple[str, ...]) -> Table:
    types = _TYPES
    if kind == "live":  # a second is many rows: seven digits are more than any of its figures means
        types = {**_TYPES, float: REAL()}
    fields = [Column(field, Double() if field == "time_s" else types[plain]) for field, plain in columns(kind).items()]
    envelope: dict[str, TypeEngine[Any]] = {
        "topic": Text(),
        "session": Text(),
        "seq": BigInteger(),
        "at": _TIME,
        "received": _TIME,
        "team": Text(),
        "runner": Text(),
        "origin": Text(),
    }
    return Table(
        name,
        METADATA,
        *(Column(field, envelope.pop(field), primary_key=True, autoincrement=False) for field in key),
        *(Column(field, plain, nullable=False) for field, plain in envelope.items()),
        *fields,
        Column("more", JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")),
    )


ALERTS = _table("alerts", "alert", ("topic", "session", "seq"))
SUMMARIES = _table("summaries", "summary", ("topic", "session", "seq"))
LIVE = _table("live", "live", ("topic", "at", "session", "seq"))
"""TimescaleDB wants the time in every key, and a device that has forgotten its numbers begins at 1 again, outside of a
session; the key begins with what is asked for: a runner's minutes."""

BY_KIND: dict[Kind, Table] = {"alert": ALERTS, "summary": SUMMARIES, "live": LIVE}

Index("alerts_by_number", ALERTS.c.topic, ALERTS.c.seq)
Index("alerts_by_time", ALERTS.c.team, ALERTS.c.at)
Index("summaries_by_time", SUMMARIES.c.team, SUMMARIES.c.at)

REJECTED = Table(
    "rejected",
    METADATA,
    Column("id", Text, primary_key=True),  # SHA-256 of topic and payload: the same twice is one
    Column("received", _TIME, nullable=False),
    Column("topic", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)
"""What came and is no row, with the reason."""

ASKED = Table(
    "asked",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),
    Column("asked_at", _TIME, nullable=False),
    Column("answer", Text),
)
"""Alerts that are missing and that a device was asked for; `answer` is what it said."""
