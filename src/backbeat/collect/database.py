"""Where the archive is: PostgreSQL or a SQLite file, how each is opened, and which of its refusals last."""

from __future__ import annotations

import os
import select
import tempfile
import time
from pathlib import Path
from re import findall
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, ProgrammingError

from backbeat.collect.patience import Patience
from backbeat.errors import UserError, why

SQLITE_BEGINS = b"SQLite format 3\0"
"""What is in the first bytes of every file of SQLite (https://sqlite.org/fileformat.html, 1.3); a new one is empty."""

LOCK_PATIENCE_S = 5.0
"""So long a SQLite file may be locked by another before it counts as away: a batch takes a part of a second."""

ANSWER_S = 5

_LASTING = {
    "28": "check user and password, and who is let in (pg_hba.conf)",
    "3D": "create it (createdb), or name another",
    "3F": "create the schema, or name another database",
    "42501": "give this user the right to make tables there",
    "42": "it has other tables of these names: give the archive a database of its own",
}
"""PostgreSQL's reasons (its manual, appendix A) or classes of them that waiting does not mend, and what does."""

_RACED = ("42P07", "42701", "42710")
"""Somebody has made the same table or column in this moment."""


def place(url: str) -> URL:
    """What an address, or the bare path of a SQLite file, means.

    Raises:
        UserError: it is no database of ours.
    """
    if "://" not in url:
        file = Path(url)
        if not file.suffix and len(file.parts) == 1 and not file.exists():  # a forgotten scheme, or a slip
            raise UserError(
                f"'{url}' is no database's address; write postgresql://user@host/{url} or a file such as {url}.db."
            )
        return URL.create("sqlite", database=str(file))
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        raise UserError("The database's address cannot be read; write postgresql://user@host/database.") from None
    if read.drivername in ("postgresql", "postgres"):
        read = read.set(drivername="postgresql+psycopg")
    if read.drivername not in ("postgresql+psycopg", "sqlite"):
        raise UserError(
            f"'{read.drivername}' is no database that can hold the archive; "
            "write postgresql://user@host/database or sqlite:///archive.db."
        )
    return read


def sqlite_file(at: URL) -> Path | None:
    """The file of a SQLite database; None where it has none.

    Raises:
        UserError: it can be no database of ours. Waiting helps where a server is away, not where a path is wrong.
    """
    if at.drivername != "sqlite" or at.database in (None, "", ":memory:") or str(at.database).startswith("file:"):
        return None
    file = Path(str(at.database))
    if not file.parent.is_dir():
        raise UserError(f"{file}: there is no folder {file.parent}; make it, or name another file.")
    try:
        if file.exists():
            with file.open("rb") as opened:
                begin = opened.read(len(SQLITE_BEGINS))
            if begin and begin != SQLITE_BEGINS:
                raise UserError(f"{file} is no SQLite database; name another file.")
    except OSError as error:
        raise UserError(f"{file} cannot be read ({why(error).lower()}); name another file.") from None
    for each in (file, file.parent):
        if each.exists() and not os.access(each, os.W_OK):
            raise UserError(f"{each} cannot be written; get the right to, or name another file.")
    return file


def open_engine(at: URL, patience: Patience) -> Engine:
    """What runs statements there; it connects when it is first used."""
    if at.drivername == "sqlite":
        engine = create_engine(at, connect_args={"timeout": min(patience.seconds, LOCK_PATIENCE_S)})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine
    waits = {"connect_timeout": ANSWER_S, "tcp_user_timeout": 15_000}
    ours = {"application_name": "backbeat collect", "client_encoding": "utf8"}
    engine = create_engine(at, connect_args=waits | ours, pool_pre_ping=True, pool_size=1)
    event.listen(engine, "connect", patience.connected)
    return engine


def refuse_other_characters(connection: Connection) -> None:
    """A database that cannot keep every text is none for the archive.

    Raises:
        UserError: it is one.
    """
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise UserError(
                f"The database keeps texts as {encoding}, which has no place for some of ours; "
                "create one with: createdb --encoding UTF8 --template template0."
            )


def remedy(error: DBAPIError) -> str | None:
    """What a person can do about an error that waiting does not mend; None where it may pass."""
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is not None:
        if name.startswith("SQLITE_READONLY"):
            return "get the right to write, or name another file"
        return _LASTING["42"] if name == "SQLITE_ERROR" else None  # its word for what PostgreSQL has class 42 for
    connection = getattr(error.orig, "pgconn", None)
    if connection is not None and connection.needs_password:
        return "write it into ~/.pgpass, or the whole address into BACKBEAT_DATABASE"
    state = getattr(error.orig, "sqlstate", None) or _sqlstate_of_refusal(connection)
    if state is None:
        return "check the address" if isinstance(error, ProgrammingError) else None
    if state in _RACED:
        return None
    return next((words for reason, words in _LASTING.items() if state.startswith(reason)), None)


def _sqlstate_of_refusal(refused: Any) -> str | None:
    """Why a server lets nobody in: libpq tells it in the server's language, and its number only in its trace.

    So we connect once more and look at that (Linux; elsewhere it stays unknown).
    """
    if refused is None:
        return None
    from psycopg import NotSupportedError, pq
    from psycopg.conninfo import make_conninfo

    said = {option.keyword.decode(): option.val.decode() for option in refused.info if option.val}
    deadline = time.monotonic() + ANSWER_S
    with tempfile.TemporaryFile() as trace:
        attempt = pq.PGconn.connect_start(make_conninfo("", **said).encode())
        try:
            attempt.trace(trace.fileno())
            while (polled := attempt.connect_poll()) in (pq.PollingStatus.READING, pq.PollingStatus.WRITING):
                reads, writes = ([attempt.socket], []) if polled == pq.PollingStatus.READING else ([], [attempt.socket])
                if not any(select.select(reads, writes, [], max(0.0, deadline - time.monotonic()))):
                    return None
            attempt.untrace()
        except (NotSupportedError, OSError):
            return None
        finally:
            attempt.finish()
        trace.seek(0)
        told = findall(rb'\tErrorResponse\t.*? C "([0-9A-Z]{5})"', trace.read())
    return told[-1].decode() if told else None


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin when we say so, not when Python guesses
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # what is acknowledged to the broker survives a power cut
