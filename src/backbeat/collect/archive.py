"""The database behind the archive: PostgreSQL or SQLite through SQLAlchemy Core."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, delete, event, func, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, NoSuchModuleError

from backbeat.collect.messages import Kind, Rejected, Row
from backbeat.collect.patience import Patience
from backbeat.collect.tables import BY_KIND, METADATA, REJECTED
from backbeat.errors import UserError, why

LONGEST_REJECTED_BYTES = 64 * 1024
"""So much of a message that is no row is kept; none of ours is longer."""

MOST_REJECTED = 10_000
"""Of them only the newest are kept: whatever somebody sends in our topics, the disk does not fill with it."""

PATIENCE_S = 30.0
"""A transaction takes no longer; a batch takes a part of a second, and the first look for missing alerts some."""

CREATING = 0x6261636B
"""PostgreSQL's advisory lock while tables are made: workers that start together would make them twice."""


SQLITE_BEGINS = b"SQLite format 3\0"
"""What is in the first bytes of every file of SQLite (https://sqlite.org/fileformat.html, 1.3); a new one is empty."""

_OF_THE_ROW = ("22", "23", "54")
"""PostgreSQL's classes of errors for values: wrong ones, those that break a rule, those beyond a limit."""


class DatabaseAwayError(Exception):
    """The database cannot be used at present; the sentence says why."""


class Archive:
    """One database; messages go in, each once.

    Attributes:
        name: for people; has no password in it.
    """

    def __init__(self, url: str, *, patience_s: float = PATIENCE_S, most_rejected: int = MOST_REJECTED) -> None:
        """An archive that is opened when it is first used.

        Args:
            url: such as postgresql://user@host/database or sqlite:///archive.db; a bare path is a SQLite file.
            patience_s: a transaction that takes longer has failed.
            most_rejected: messages that are no rows; the oldest of them go.

        Raises:
            UserError: it is no database's address, a file that can be none, or its driver is not installed.
        """
        place = _place(url)
        if place.drivername == "sqlite":
            self.name = place.database or "memory"
            _look_at_file(self.name)
        else:
            self.name = place.set(drivername="postgresql").render_as_string()
        self._ready = False
        self._most_rejected = most_rejected
        self._patience = Patience(patience_s)
        try:
            self.engine = _engine(place, self._patience)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise UserError(f"{self.name}: its driver is not installed ({error}).") from None

    def store(self, rows: Sequence[Row], rejected: Sequence[Rejected], received: datetime) -> Counter[str]:
        """Keep messages in one transaction; what is there already is left as it is.

        Returns:
            how many became rows ("alert", "summary", "live"), were there already ("again") or are no rows ("rejected"),
            and how many of those that are no rows were forgotten for it ("forgotten").

        Raises:
            DatabaseAwayError: nothing of it was kept.
        """
        counts: Counter[str] = Counter()
        with self.transaction() as connection:
            strays = list(rejected)
            for kind, table in BY_KIND.items():
                of_kind = sorted((row for row in rows if row.kind == kind), key=lambda row: _key(table, row))
                if of_kind:
                    strays += self._keep(connection, kind, table, of_kind, received, counts)
            counts["forgotten"] = self._put_aside(connection, strays, received)
        counts["rejected"] = len(strays)
        return counts

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing.

        Raises:
            DatabaseAwayError: the database cannot be used at present; nothing was changed.
        """
        try:
            with self._patience.limited():
                self._prepare()
                with self.engine.begin() as connection:
                    yield connection
        except DBAPIError as error:
            if self._patience.at_end:
                raise DatabaseAwayError(f"no answer for {self._patience.seconds:g} s") from error
            lines = str(error.orig).strip().splitlines()
            raise DatabaseAwayError(lines[0] if lines else type(error.orig).__name__) from error

    def close(self) -> None:
        """Release the database."""
        self.engine.dispose()

    def _prepare(self) -> None:
        """Make what is missing: tables, and columns for fields that are new since the archive was made."""
        if self._ready:
            return
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(CREATING)))
            METADATA.create_all(connection)
            there = inspect(connection)
            for table in BY_KIND.values():
                old = {column["name"] for column in there.get_columns(table.name)}
                for column in table.columns:
                    if column.name not in old:
                        kind = column.type.compile(self.engine.dialect)
                        connection.execute(text(f'ALTER TABLE {table.name} ADD COLUMN "{column.name}" {kind}'))
        self._ready = True

    def _keep(
        self,
        connection: Connection,
        kind: Kind,
        table: Table,
        rows: Sequence[Row],
        received: datetime,
        counts: Counter[str],
    ) -> list[Rejected]:
        """Put rows into their table; those that do not fit or contradict what is there come back."""
        values = [{**row.values, "received": received} for row in rows]
        insert = self.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        try:
            with connection.begin_nested():
                new = connection.execute(insert, values).rowcount
        except DBAPIError as error:
            if _is_away(error):
                raise
            if len(rows) == 1:
                return [_stray(rows[0], f"the database does not take it: {str(error.orig).splitlines()[0]}")]
            return [
                stray for row in rows for stray in self._keep(connection, kind, table, [row], received, counts)
            ]  # one of them is at fault: each by itself
        counts[kind] += new
        counts["again"] += len(rows) - new
        if new == len(rows) or kind == "live":
            return []
        return [stray for row in rows if (stray := self._contradiction(connection, table, row)) is not None]

    def _contradiction(self, connection: Connection, table: Table, row: Row) -> Rejected | None:
        """A message whose key another one has already: seldom, and worth keeping."""
        same_key = [column == row.values[column.name] for column in table.primary_key.columns]
        there = connection.execute(select(table).where(*same_key)).mappings().one()
        if all(_same(there[name], value) for name, value in row.values.items()):
            return None
        return _stray(row, "a different message with the same session, topic and number is there already")

    def _put_aside(self, connection: Connection, strays: Sequence[Rejected], received: datetime) -> int:
        """Keep what is no row, the newest of it; how many had to go."""
        if not strays:
            return 0
        values = [
            {
                "id": hashlib.sha256(stray.topic.encode("utf-8", "replace") + b"\0" + stray.payload).hexdigest(),
                "received": received,
                "topic": stray.topic.replace("\0", "").encode("utf-8", "replace").decode(),
                "reason": stray.reason.replace("\0", "").encode("utf-8", "replace").decode(),
                "payload": stray.payload[:LONGEST_REJECTED_BYTES],
            }
            for stray in strays
        ]
        values.sort(key=lambda value: str(value["id"]))  # see `_key`
        connection.execute(self.insert(REJECTED).on_conflict_do_nothing(), values)
        newest_first = select(REJECTED.c.id).order_by(REJECTED.c.received.desc(), REJECTED.c.id)
        too_old = newest_first.offset(self._most_rejected).with_for_update(skip_locked=True)
        return connection.execute(delete(REJECTED).where(REJECTED.c.id.in_(too_old))).rowcount

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An INSERT of this database's own, which knows ON CONFLICT."""
        if self.engine.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)


def _key(table: Table, row: Row) -> tuple[Any, ...]:
    """All workers write in this order: two that wrote the same rows in different ones would wait for each other."""
    return tuple(row.values[column.name] for column in table.primary_key.columns)


def _stray(row: Row, reason: str) -> Rejected:
    return Rejected(row.values["topic"], row.payload, reason)


def _is_away(error: DBAPIError) -> bool:
    """Whether it is the database that cannot do it now, and not the row that it will never take.

    PostgreSQL gives a reason of five signs (its manual, appendix A): 54 is beyond its limits, as a text too long for an
    index. SQLite has no such reasons: all but the two kinds of a bad value are the file's.
    """
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return not isinstance(error, (DataError, IntegrityError))
    return not state.startswith(_OF_THE_ROW)


def _same(there: Any, value: Any) -> bool:
    if isinstance(there, datetime) and there.tzinfo is None:  # SQLite keeps no zone; what it has is UTC
        there = there.replace(tzinfo=UTC)
    return bool(there == value)


def _place(url: str) -> URL:
    if "://" not in url:
        file = Path(url)
        if not file.suffix and len(file.parts) == 1 and not file.exists():  # a forgotten scheme, or a slip
            raise UserError(
                f"'{url}' is no database's address; write postgresql://user@host/{url} or a file such as {url}.db."
            )
        return URL.create("sqlite", database=str(file))
    try:
        place = make_url(url)
    except (ArgumentError, ValueError):
        raise UserError("The database's address cannot be read; write postgresql://user@host/database.") from None
    if place.drivername in ("postgresql", "postgres"):
        place = place.set(drivername="postgresql+psycopg")
    if place.drivername not in ("postgresql+psycopg", "sqlite"):
        raise UserError(
            f"'{place.drivername}' is no database that can hold the archive; "
            "write postgresql://user@host/database or sqlite:///archive.db."
        )
    return place


def _look_at_file(name: str) -> None:
    """Waiting helps where a server is away, not where a path is wrong."""
    if name in ("memory", ":memory:") or name.startswith("file:"):
        return
    file = Path(name)
    if not file.parent.is_dir():
        raise UserError(f"{file}: there is no folder {file.parent}; make it, or name another file.")
    if not file.exists():
        return
    try:
        with file.open("rb") as opened:
            begin = opened.read(len(SQLITE_BEGINS))
    except OSError as error:
        raise UserError(f"{file} cannot be read ({why(error).lower()}); name another file.") from None
    if begin and begin != SQLITE_BEGINS:
        raise UserError(f"{file} is no SQLite database; name another file.")


def _engine(place: URL, patience: Patience) -> Engine:
    if place.drivername == "sqlite":
        engine = create_engine(place, connect_args={"timeout": patience.seconds})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine
    waits = {"connect_timeout": 5, "tcp_user_timeout": 15_000, "application_name": "backbeat collect"}
    engine = create_engine(place, connect_args=waits, pool_pre_ping=True, pool_size=1)
    event.listen(engine, "connect", patience.connected)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin when we say so, not when Python guesses
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # what is acknowledged to the broker survives a power cut
