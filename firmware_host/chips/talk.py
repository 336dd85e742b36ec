"""How a chip is talked to without touching a bus.

A chip's method is a generator: it yields what shall be done on the bus and is sent the bytes that a read gave, so
that a chip's file holds its whole conversation and a test, an emulator or a bus can carry it out.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import SourceError
from backbeat.samples import BoolArray, FloatArray

RawArray: TypeAlias = NDArray[np.int16]


class Read(NamedTuple):
    """Read `size` bytes from `register` on: one write of the register's number and one read.

    `once` says that a second try would not give the same bytes (a FIFO without tags loses its alignment): an error
    after the first of them is thrown into the conversation instead.
    """

    register: int
    size: int = 1
    once: bool = False


class Write(NamedTuple):
    """Write bytes to `register` and the ones after it."""

    register: int
    data: bytes


class Wait(NamedTuple):
    """Leave the chip alone for this long, s."""

    seconds: float


Operation: TypeAlias = Read | Write | Wait
T = TypeVar("T")
Talk: TypeAlias = Generator[Operation, bytes, T]


class ChipFault(Exception):  # noqa: N818 - it is what happened, and the transport recovers from it
    """The chip did not do as it was told; starting it again may help."""


class WrongChip(SourceError):  # noqa: N818 - likewise
    """Another chip than the one that was asked for answers."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is fixed about a chip once its options are.

    Attributes:
        name: as it is printed on the part.
        rate_hz: nominal readings a second.
        acc_scale: m/s² of one count.
        gyr_scale: rad/s of one count.
        acc_range_g: end of the range, g.
        gyr_range_dps: end of the range, °/s.
        clock_error: how far its clock may be off, as a fraction.
        counted: it has no clock that can be read, the number of a reading stands for its time.
        depth_s: how long its FIFO takes to fill up.
    """

    name: str
    rate_hz: float
    acc_scale: float
    gyr_scale: float
    acc_range_g: float
    gyr_range_dps: float
    clock_error: float
    depth_s: float
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """What one visit to the FIFO brought; may hold no reading.

    Attributes:
        device: s on the chip's own clock, increasing, shape (n,).
        acc: counts, shape (n, 3).
        gyr: counts, shape (n, 3).
        gap_before: readings are missing before this one, shape (n,).
        restarted: the chip's clock has nothing to do with the batches before; readings are missing.
        temperature_c: of the chip, where the batch told it.
        faults: words that made no sense and were left out.
    """

    device: FloatArray
    acc: RawArray
    gyr: RawArray
    gap_before: BoolArray
    restarted: bool = False
    temperature_c: float | None = None
    faults: int = 0

    def __len__(self) -> int:
        return len(self.device)


def nothing(*, restarted: bool = False, faults: int = 0) -> Batch:
    """A batch without readings."""
    none = np.empty((0, 3), dtype=np.int16)
    return Batch(np.empty(0), none, none, np.empty(0, dtype=np.bool_), restarted, None, faults)


@dataclass(frozen=True, slots=True)
class Options:
    """What a user can say about a chip.

    Attributes:
        rate_hz: readings a second that are wanted.
        force: go on with a chip whose identity is not known.
        firmware: content of the file that the chip must be given at its start (BMI270).
    """

    rate_hz: float = 208.0
    force: bool = False
    firmware: bytes | None = None


class Chip(Protocol):
    """A motion sensor with a FIFO; it is one conversation at a time."""

    @property
    def facts(self) -> Facts:
        """Name, rate, scales; after `identify` what this part really is."""
        ...

    def identify(self) -> Talk[None]:
        """Ask who is there.

        Raises:
            WrongChip: somebody else, and force was not set.
        """
        ...

    def start(self) -> Talk[None]:
        """Reset and configure; may be called again at any time.

        Raises:
            ChipFault: a register does not hold what was written.
        """
        ...

    def drain(self) -> Talk[Batch]:
        """Take whole readings out of the FIFO.

        Raises:
            ChipFault: impossible counts or contents.
        """
        ...


def ask_identity(register: int, names: Mapping[int, str], wanted: str, *, force: bool) -> Talk[str]:
    """The name for the identity that the chip reads out; `wanted` for one that is not known, if forced.

    Raises:
        WrongChip: an identity that is not in `names`.
    """
    (identity,) = yield Read(register)
    if identity in names:
        return names[identity]
    if force:
        return wanted
    known = ", ".join(f"0x{value:02x} ({name})" for value, name in names.items())
    hint = (
        "nothing answers sensibly there: check the wiring"
        if identity in (0x00, 0xFF)
        else "run `backbeat sensors` to see which chip it is, or add force=1 to use it all the same"
    )
    raise WrongChip(f"register 0x{register:02x} holds the identity 0x{identity:02x} and not {known}; {hint}.")


Setting: TypeAlias = tuple[int, int, str]
"""Register, value, and why."""


def configure(settings: Sequence[Setting]) -> Talk[None]:
    """Write registers one by one and read each back.

    Raises:
        ChipFault: a register holds something else.
    """
    for register, value, why in settings:
        yield Write(register, bytes([value]))
        (held,) = yield Read(register)
        if held != value:
            raise ChipFault(f"register 0x{register:02x} holds 0x{held:02x} after 0x{value:02x} was written ({why})")


def wait_for(register: int, mask: int, value: int, *, tries: int, pause_s: float, what: str) -> Talk[None]:
    """Read a register until the bits under `mask` are `value`.

    Raises:
        ChipFault: they never were.
    """
    for _ in range(tries):
        (held,) = yield Read(register)
        if held & mask == value:
            return
        yield Wait(pause_s)
    raise ChipFault(f"{what}: register 0x{register:02x} did not get there in {tries * pause_s:.2f} s")


def nearest_rate(wanted: float, rates: Sequence[float], chip: str) -> float:
    """The rate of the chip that is nearest to the wanted one.

    Raises:
        SourceError: none is within a fifth of it.
    """
    rate = min(rates, key=lambda r: abs(r - wanted))
    if abs(rate - wanted) > 0.2 * wanted:
        offered = ", ".join(f"{r:g}" for r in rates)
        raise SourceError(f"{chip} cannot give {wanted:g} readings a second; choose rate= one of {offered}.")
    return rate
