"""Sources of readings, opened by URI.

A source is registered under its scheme in the entry-point group `backbeat.sources`, so that a package from
elsewhere can add a sensor: `myscheme = "my_package.module:open_it"`, where `open_it(uri)` returns a `Source`.
A bare path is a `file:`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self, cast, runtime_checkable

from backbeat.closing import Closing
from backbeat.errors import SourceError
from backbeat.samples import Context, Samples, SourceInfo

GROUP = "backbeat.sources"


@runtime_checkable
class Source(Protocol):
    """An iterator over readings and context in the order of their time, and a context manager.

    Iteration blocks until there is something (never longer than about a second: a live source then yields an
    empty block, so that its reader stays awake) and ends when the source does.
    """

    @property
    def info(self) -> SourceInfo:
        """What is known before the first reading."""
        ...

    def __iter__(self) -> Iterator[Samples | Context]: ...

    def stop(self) -> None:
        """Ask iteration to end soon; may be called from another thread or a signal handler."""
        ...

    def close(self) -> None:
        """Release the bus, the radio or the file; may be called twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Around(Closing):
    """A source around another one, which it closes and stops with itself."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def info(self) -> SourceInfo:
        """What the source within knows about itself."""
        return self._source.info

    def stop(self) -> None:
        """End iteration soon."""
        self._source.stop()

    def close(self) -> None:
        """Close the source within."""
        self._source.close()


def open_source(uri: str) -> Source:
    """Open the source that a URI names; its module is imported only now.

    Raises:
        SourceError: the scheme is not known, or the source cannot be opened.
    """
    from importlib.metadata import entry_points  # a replay of a file does without it, and starts sooner

    scheme, colon, _ = uri.partition(":")
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if not colon or scheme not in found:
        if (
            colon
            and scheme.isalnum()
            and "/" not in scheme
            and len(scheme) > 1
            and uri[len(scheme) :].startswith("://")
        ):
            known = ", ".join(sorted(found))
            raise SourceError(f"{uri}: no source is registered for '{scheme}:'; known are {known}.")
        scheme, uri = "file", f"file:{uri}"
    opener = cast("Callable[[str], Source]", found[scheme].load())
    return opener(uri)
