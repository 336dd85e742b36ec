"""An archive through the present analysis into a folder of results; what is done already is left as it is."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import zstandard

from backbeat.config import Settings
from backbeat.errors import printable
from backbeat.reprocess import index
from backbeat.reprocess.crew import Crew, DiedError
from backbeat.reprocess.index import Entry, NoPlaceError
from backbeat.reprocess.shelf import Found
from backbeat.reprocess.task import Done, analyse, engine_version

SAVED_EVERY_S = 5.0
"""The index is written again: what a call that is killed has to repeat."""

DIED = "the process that analysed it was killed twice; the machine may have too little memory for so many workers"


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to do.

    Attributes:
        out: folder of the results.
        engine: the present analysis with its settings.
        settings: None: those of each recording.
        to_do: recordings without a result of this analysis.
        entries: of all that is done, by name.
        others: entries of recordings that are there and that this call does not look at.
    """

    out: Path
    engine: str
    settings: Settings | None
    to_do: Sequence[Found]
    entries: dict[str, Entry]
    others: Sequence[Entry]

    def save_index(self) -> None:
        """Write down what is done.

        Raises:
            UserError: it cannot be written.
        """
        index.save(self.out, [*self.entries.values(), *self.others])


def plan(found: Sequence[Found], others: Sequence[Found], out: Path, settings: Settings | None) -> Plan:
    """Which recordings have a result of the same content by the same analysis, and which have none.

    Args:
        found: recordings to look at.
        others: recordings of the same archive that are left as they are.
        out: folder of the results.
        settings: of the analysis; None: those of each recording.

    Raises:
        UserError: the folder's index cannot be read.
    """
    engine = engine_version()
    if settings is not None:
        of_analysis = repr((settings.monitor(), settings.mount, settings.speed))
        engine += "+" + hashlib.sha256(of_analysis.encode()).hexdigest()[:8]
    before = index.load(out)
    entries = {
        each.name: entry
        for each in found
        if (entry := before.get(each.name)) is not None
        and (entry.state, entry.input, entry.engine) == ("done", each.stamp, engine)
        and _is_whole(result_file(out, each.name), entry.sha256)
    }
    to_do = [each for each in found if each.name not in entries]
    return Plan(out, engine, settings, to_do, entries, [before[each.name] for each in others if each.name in before])


def carry_out(
    what: Plan,
    crew: Callable[[Callable[[Found], Done]], Crew[Found, Done]],
    told: Callable[[Found, Entry, Sequence[str]], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Analyse what is to do and write results and index; after an error or an end too soon the index is right too.

    Args:
        what: the plan; its entries grow.
        crew: made of what is to be done with each recording.
        told: each recording when it is done, and notes about it.
        clock: monotonic seconds.

    Raises:
        UserError: results cannot be written.
    """
    saved = clock()
    what.save_index()
    try:
        for found, outcome in crew(partial(analyse, settings=what.settings, engine=engine_version())).work(what.to_do):
            done = outcome if isinstance(outcome, Done) else Done(error=_reason(outcome))
            if not done.error:
                try:
                    index.put(result_file(what.out, found.name), _unpacked(done.lines))
                except NoPlaceError as error:
                    done = Done(error=str(error))
            entry = Entry(
                name=found.name,
                state="failed" if done.error else "done",
                seconds=round(done.seconds, 3),
                steps=done.steps,
                sha256=done.sha256,
                engine=what.engine,
                input=found.stamp,
                error=printable(done.error).replace("\n", " "),
            )
            what.entries[found.name] = entry
            told(found, entry, done.notes)
            if clock() - saved >= SAVED_EVERY_S:
                saved = clock()
                what.save_index()
    finally:
        what.save_index()


def result_file(out: Path, name: str) -> Path:
    """Where a recording's events go."""
    return out / f"{name}.jsonl"


def _is_whole(result: Path, sha256: str) -> bool:
    """Whether a result is there as it was written: nobody has changed it, and no power cut has emptied it."""
    try:
        with result.open("rb") as lines:
            return hashlib.file_digest(lines, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _unpacked(lines: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(lines)) as reader:
        return reader.read()


def _reason(error: Exception) -> str:
    return DIED if isinstance(error, DiedError) else f"{type(error).__name__}: {error}"
