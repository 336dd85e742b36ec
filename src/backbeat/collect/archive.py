"""The database behind the archive: PostgreSQL or SQLite through SQLAlchemy Core."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NoSuchModuleError

from backbeat.collect import database
from backbeat.collect.messages import Kind, Rejected, Row
from backbeat.collect.patience import Patience
from backbeat.collect.tables import BY_KIND, METADATA, REJECTED
from backbeat.errors import UserError

LONGEST_REJECTED_BYTES = 64 * 1024
"""So much of a message that is no row is kept; none of ours is longer."""

LONGEST_REASON = 500
"""Signs; a message can bring words of its own into the reason."""

MOST_REJECTED = 10_000
"""Of them only the newest are kept: whatever somebody sends in our topics, the disk does not fill with it."""

PATIENCE_S = 30.0
"""A transaction takes no longer; a batch takes a part of a second, and so does a look for missing alerts."""

CREATING = 0x6261636B
"""PostgreSQL's advisory lock while tables are made: workers that start together would make them twice."""

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
        at = database.place(url)
        self._file = database.sqlite_file(at)
        if at.drivername == "sqlite":
            self.name = at.database or "memory"
        else:
            self.name = at.set(drivername="postgresql").render_as_string()
        self._ready = self._ever = False
        self._opened_file: tuple[int, int] | None = None
        self._most_rejected = most_rejected
        self._patience = Patience(patience_s)
        try:
            self.engine = database.open_engine(at, self._patience)
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
            DatabaseAwayError: the database cannot be used at present; nothing was changed, but perhaps in a file that
                somebody has moved away.
            UserError: it was never used, and waiting does not mend what is wrong.
        """
        if self._opened_file is not None and self._file_now() is None:
            raise DatabaseAwayError("its file is gone; put it back, or start again for a new one")
        try:
            with self._patience.limited():
                self._prepare()
                with self.engine.begin() as connection:
                    yield connection
        except DBAPIError as error:
            self._ready = False  # what comes back may be another: restored from a copy, say
            if self._patience.at_end:
                raise DatabaseAwayError(f"no answer for {self._patience.seconds:g} s") from error
            reason = _reason(error)
            if not self._ever and (remedy := database.remedy(error)) is not None:
                raise UserError(f"The database {self.name} cannot be used: {reason}; {remedy}.") from error
            raise DatabaseAwayError(reason) from error
        if self._file_now() != self._opened_file:
            self._leave_moved_file()
            raise DatabaseAwayError("its file was moved away or replaced")
        self._ever = True

    def hurry(self, patience_s: float) -> None:
        """From now on, and in what is under way, wait no longer than this for an answer."""
        self._patience.shorten(patience_s)

    def close(self) -> None:
        """Release the database."""
        self.engine.dispose()

    def _file_now(self) -> tuple[int, int] | None:
        """Which file has the archive's name; one that was moved away is open still, and would go on taking messages."""
        try:
            there = self._file.stat() if self._file else None
        except OSError:
            return None
        return there and (there.st_dev, there.st_ino)

    def _leave_moved_file(self) -> None:
        """What waits beside a file is put into it, or SQLite would read it into the next one of this name."""
        with suppress(DBAPIError, sqlite3.Error), closing(self.engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.engine.dispose()
        self._ready = False

    def _prepare(self) -> None:
        """Make what is missing: tables, and columns for fields that are new since the archive was made."""
        if self._ready:
            return
        self.engine.dispose()
        with self.engine.begin() as connection:
            self._opened_file = self._file_now()
            database.refuse_other_characters(connection)
            if self.engine.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(CREATING)))
            METADATA.create_all(connection)
            there = inspect(connection)
            for table in BY_KIND.values():
                old = {column["name"] for column in there.get_columns(table.name)}
                if not old.issuperset(table.primary_key.columns.keys()):
                    raise UserError(
                        f"The database {self.name} has another table '{table.name}'; give the archive one of its own."
                    )
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
                "reason": stray.reason[:LONGEST_REASON].replace("\0", "").encode("utf-8", "replace").decode(),
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
    if isinstance(value, dict):  # PostgreSQL writes the numbers of JSON in its own way, 1e23 with all its noughts
        return bool(json.loads(json.dumps(there), parse_int=float) == json.loads(json.dumps(value), parse_int=float))
    return bool(there == value)


def _reason(error: DBAPIError) -> str:
    """What the database said, without the way that libpq took to it."""
    said = str(error.orig).rpartition("FATAL:")[2].strip()
    return said.splitlines()[0] if said else type(error.orig).__name__
