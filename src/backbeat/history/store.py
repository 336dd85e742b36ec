"""A runner's file: its tables, how older files are brought up to date, and what can be asked of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backbeat.closing import Closing
from backbeat.errors import UserError
from backbeat.history.notes import Note
from backbeat.strain.blocks import Block
from backbeat.strain.measures import NAMES

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        start_utc REAL,
        position TEXT NOT NULL,
        origin TEXT NOT NULL,
        shoe TEXT,
        surface TEXT,
        summary TEXT
    );
    CREATE TABLE minutes (
        session TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        start REAL NOT NULL,
        running_s REAL NOT NULL,
        steps INTEGER NOT NULL,
        speed_m_s REAL,
        grade_pct REAL,
        measures TEXT NOT NULL,
        PRIMARY KEY (session, number)
    );
    CREATE TABLE alerts (
        session TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (session, number)
    );
    CREATE TABLE notes (
        session TEXT REFERENCES sessions(id) ON DELETE CASCADE,
        utc REAL,
        kind TEXT NOT NULL,
        level REAL,
        moment TEXT,
        text TEXT
    );
    CREATE TABLE shoes (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        km_before REAL NOT NULL DEFAULT 0,
        retired INTEGER NOT NULL DEFAULT 0,
        in_use INTEGER NOT NULL DEFAULT 0
    );
    """,
    "ALTER TABLE notes ADD COLUMN red_flag TEXT;",
)
"""One script a version of the file, oldest first; never changed once released."""


@dataclass(frozen=True, slots=True)
class Shoe:
    """A pair of shoes and what it has run: kilometres, and the sums of all forces and of their fourth powers."""

    id: str
    name: str
    km: float
    retired: bool
    in_use: bool
    load_bw: float
    load_bw4: float


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as it was kept; `summary` is None where the run broke off before its end."""

    id: str
    start_utc: float | None
    position: str
    origin: str
    shoe: str | None
    surface: str | None
    summary: Mapping[str, Any] | None
    worst_pain: float | None


class History(Closing):
    """A runner's file, open. A context manager.

    Raises:
        UserError: the file is no history, or of a newer Backbeat.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(file, isolation_level=None)
            with ExitStack() as unusable:
                unusable.callback(self._db.close)
                self._db.executescript("PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; PRAGMA synchronous=FULL;")
                self._migrate()
                unusable.pop_all()
        except (sqlite3.DatabaseError, OSError) as error:
            raise UserError(f"{file}: cannot be used as a runner's history ({error}); move it away.") from error

    def _migrate(self) -> None:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise UserError(f"{self.file}: was written by a newer Backbeat; update this one.")
        for number in range(version, len(MIGRATIONS)):
            self._db.executescript(f"BEGIN; {MIGRATIONS[number]} PRAGMA user_version={number + 1}; COMMIT;")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def begin(self, session: str, start_utc: float | None, position: str, origin: str) -> None:
        """A session has begun; one of this name that is there already goes on."""
        shoe = self._db.execute("SELECT id FROM shoes WHERE in_use").fetchone()
        self._db.execute(
            "INSERT OR IGNORE INTO sessions (id, start_utc, position, origin, shoe) VALUES (?, ?, ?, ?, ?)",
            (session, start_utc, position, origin, shoe and shoe[0]),
        )

    def add_minute(self, session: str, block: Block) -> None:
        """Keep a minute of running."""
        measures = {n: float(v) for n, v in zip(NAMES, block.values, strict=True) if v == v}
        self._db.execute(
            "INSERT INTO minutes SELECT :session, COALESCE(MAX(number) + 1, 0), :start, :running_s, :steps, :speed,"
            " :grade, :measures FROM minutes WHERE session = :session",
            {
                "session": session,
                "start": block.start,
                "running_s": block.running_s,
                "steps": block.steps,
                "speed": block.speed_m_s,
                "grade": block.grade_pct,
                "measures": json.dumps(measures),
            },
        )

    def add_alert(self, session: str, event: Mapping[str, Any]) -> None:
        """Keep an alert, as JSON."""
        self._db.execute(
            "INSERT INTO alerts SELECT ?, COALESCE(MAX(number) + 1, 0), ? FROM alerts WHERE session = ?",
            (session, json.dumps(event), session),
        )

    def finish(self, session: str, summary: Mapping[str, Any]) -> None:
        """The session is over."""
        self._db.execute("UPDATE sessions SET summary = ? WHERE id = ?", (json.dumps(summary), session))

    def set_surface(self, session: str, surface: str) -> None:
        """What the session was run on."""
        self._db.execute("UPDATE sessions SET surface = ? WHERE id = ?", (surface, session))

    def add_note(self, note: Note) -> int:
        """Keep what the runner entered; its number, for `attach_notes`."""
        added = self._db.execute(
            "INSERT INTO notes (session, utc, kind, level, moment, text, red_flag) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (note.session, note.utc, note.kind, note.level, note.moment, note.text, note.red_flag),
        )
        return added.lastrowid or 0

    def attach_notes(self, numbers: Sequence[int], session: str) -> None:
        """These notes, entered before it began, belong to this session."""
        self._db.executemany("UPDATE notes SET session = ? WHERE rowid = ?", [(session, n) for n in numbers])

    def notes(self, session: str | None = None) -> list[Note]:
        """Notes of a session, or all, in the order in which they were entered."""
        where, values = ("WHERE session = ?", (session,)) if session is not None else ("", ())
        rows = self._db.execute(
            f"SELECT kind, level, moment, text, utc, session, red_flag FROM notes {where} ORDER BY rowid",  # noqa: S608
            values,
        )
        return [Note(*row) for row in rows]

    def sessions(self) -> list[StoredSession]:
        """All sessions, oldest first; those without a wall clock in the order in which they were run."""
        rows = self._db.execute(
            "SELECT id, start_utc, position, origin, shoe, surface, summary,"
            " (SELECT MAX(level) FROM notes WHERE session = sessions.id AND kind = 'pain')"
            " FROM sessions ORDER BY start_utc IS NOT NULL, start_utc, rowid"
        )
        return [
            StoredSession(i, utc, position, origin, shoe, surface, None if s is None else json.loads(s), pain)
            for i, utc, position, origin, shoe, surface, s, pain in rows
        ]

    def session(self, name: str) -> StoredSession:
        """One session; "last" is the newest.

        Raises:
            UserError: there is none of that name.
        """
        known = self.sessions()
        for session in reversed(known):
            if name in (session.id, "last"):
                return session
        if not known:
            raise UserError(f"no session is kept in {self.file} yet; a run of 30 seconds and more is one.")
        raise UserError(f"there is no session '{name}'; `backbeat history` lists them.")

    def minutes(self, session: str) -> list[dict[str, Any]]:
        """The minutes of a session, each with `measures` by name."""
        names = ("start", "running_s", "steps", "speed_m_s", "grade_pct", "measures")
        rows = self._db.execute(
            "SELECT start, running_s, steps, speed_m_s, grade_pct, measures FROM minutes WHERE session = ?"
            " ORDER BY number",
            (session,),
        )
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return [{**minute, "measures": json.loads(minute["measures"])} for minute in found]

    def alerts(self, session: str) -> list[dict[str, Any]]:
        """The alerts of a session, as they were told."""
        rows = self._db.execute("SELECT event FROM alerts WHERE session = ? ORDER BY number", (session,))
        return [json.loads(row[0]) for row in rows]

    def delete(self, session: str) -> None:
        """Forget a session: its minutes, alerts and notes go too, and its kilometres leave its shoes."""
        self._db.execute("DELETE FROM sessions WHERE id = ?", (session,))

    def add_shoe(self, shoe: str, name: str, km_before: float) -> None:
        """A new pair.

        Raises:
            UserError: there is one of that id.
        """
        try:
            self._db.execute("INSERT INTO shoes (id, name, km_before) VALUES (?, ?, ?)", (shoe, name, km_before))
        except sqlite3.IntegrityError:
            raise UserError(f"there are shoes '{shoe}' already; choose another short name.") from None

    def use_shoe(self, shoe: str, session: str | None = None) -> None:
        """The pair that is worn from now on, and in this session."""
        self._known_shoe(shoe)
        self._db.execute("UPDATE shoes SET in_use = (id = ?)", (shoe,))
        if session is not None:
            self._db.execute("UPDATE sessions SET shoe = ? WHERE id = ?", (shoe, session))

    def retire_shoe(self, shoe: str) -> None:
        """This pair is done."""
        self._known_shoe(shoe)
        self._db.execute("UPDATE shoes SET retired = 1, in_use = 0 WHERE id = ?", (shoe,))

    def shoes(self) -> Sequence[Shoe]:
        """All pairs with their kilometres and the sum of the forces they have carried."""
        rows = self._db.execute(
            "SELECT shoes.id, name, km_before + COALESCE(SUM(json_extract(summary, '$.distance_m')), 0) / 1000,"
            " retired, in_use, COALESCE(SUM(json_extract(summary, '$.cumulative_load_bw')), 0),"
            " COALESCE(SUM(json_extract(summary, '$.cumulative_load_bw4')), 0)"
            " FROM shoes LEFT JOIN sessions ON sessions.shoe = shoes.id GROUP BY shoes.id ORDER BY shoes.rowid"
        )
        return [Shoe(i, name, km, bool(retired), bool(used), *loads) for i, name, km, retired, used, *loads in rows]

    def _known_shoe(self, shoe: str) -> None:
        if self._db.execute("SELECT 1 FROM shoes WHERE id = ?", (shoe,)).fetchone() is None:
            raise UserError(f"there are no shoes '{shoe}'; `backbeat shoes` lists them.")
