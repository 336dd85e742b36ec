"""Emulated chips as sources: chip, adapter, smbus2, transport, in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import cast, get_args

from backbeat.errors import SourceError
from backbeat.samples import Context, Samples
from backbeat.sources import open_source
from firmware_host.bus import Bus, Host
from firmware_host.chips import KINDS, open_chip
from firmware_host.emulators import CHIPS
from firmware_host.emulators.adapter import Adapter, Installed
from firmware_host.emulators.faults import Fault, FaultKind, Faults, Wires
from firmware_host.emulators.feed import Feed, Motion
from firmware_host.emulators.registers import RegisterChip
from firmware_host.i2c import ChipSource, chip_options
from firmware_host.uri import SourceUri

BAUDRATE = 400_000.0


def emulated_chip(name: str, motion: Motion, now: Callable[[], float], faults: Faults) -> RegisterChip:
    """The chip of that name, which has just got its power."""
    module, _, maker = CHIPS[name].partition(":")
    make = getattr(import_module(f"firmware_host.emulators.{module}"), maker)
    return cast("Callable[[Motion, Callable[[], float], Faults], RegisterChip]", make)(motion, now, faults)


class _Told:
    """What a recording or the simulator tells beside its readings (speed, slope), at its time (an `Extra`)."""

    def __init__(self, feed: Feed, started: float) -> None:
        self._feed, self._started = feed, started

    def ask(self, now: float) -> Sequence[Context]:
        """What is new."""
        return [replace(c, time=c.time + self._started) for c in self._feed.contexts(now - self._started)]

    def close(self) -> None:
        """Nothing is held."""


class EmulatedChipSource(ChipSource):
    """An emulated chip on an emulated bus, read by the real transport through the real smbus2."""

    def __init__(
        self,
        name: str,
        uri: SourceUri,
        motion: Motion,
        faults: Faults,
        *,
        host: Host | None = None,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        """Power it, install the bus and open it.

        Args:
            name: of `CHIPS`.
            uri: the options for the driver.
            motion: what the chip feels.
            faults: what goes wrong.
            host: clock and sleep.
            release: called when this is closed.
        """
        host = host or Host()
        started = host.now()
        address = KINDS[name].addresses[0]
        wires = Wires(faults)

        def now() -> float:
            return host.now() - started

        self.chip = emulated_chip(name, motion, now, faults)

        def before() -> None:
            if (busy := faults.until("stall", now()) - now()) > 0:
                host.sleep(busy)
            wires.check(now())

        adapter = Adapter({address: self.chip}, before, wires.spoil, BAUDRATE, host.sleep)
        driver = open_chip(name, chip_options(uri))
        position = uri.position()
        uri.done()
        self._installed = Installed(adapter)
        self._release_motion = release

        def ended() -> bool:
            return motion.ended_at is not None and now() > motion.ended_at

        try:
            super().__init__(
                driver,
                lambda: Bus(self._installed.path, address, host),
                f"at 0x{address:02x} on an emulated bus",
                host=host,
                position=position,
                extras=[_Told(motion, started)] if isinstance(motion, Feed) else [],
                ended=ended,
            )
        except BaseException:
            self._installed.close()
            release()
            raise
        self.info = replace(self.info, origin="simulated")

    def close(self) -> None:
        """Release the bus and what fed the chip."""
        super().close()
        self._installed.close()
        self._release_motion()


def read_faults(uri: SourceUri) -> Faults:
    """The faults that a URI orders: `nack=0.01&flip=1e-6&clock=0.005&identity=0x98&restart=10&freeze=20-25`."""
    kinds: tuple[FaultKind, ...] = get_args(FaultKind)
    planned = [Fault(kind, at, lasting) for kind in kinds for at, lasting in uri.get(kind, (), _times)]
    return Faults(
        nack=uri.number("nack", 0.0),
        flip=uri.number("flip", 0.0),
        clock=uri.number("clock", 0.0),
        identity=uri.get("identity", None, lambda text: int(text, 0)),
        planned=tuple(planned),
        seed=int(uri.number("seed", 0)),
    )


def _times(text: str) -> tuple[tuple[float, float], ...]:
    """`10,20-25` as (10, 0) and (20, 5)."""
    spans = [part.partition("-") for part in text.split(",")]
    return tuple((float(start), float(end) - float(start) if end else 0.0) for start, _, end in spans)


def open_emulated_chip(uri: SourceUri) -> EmulatedChipSource:
    """Open `emulate:CHIP?source=URI`, fed by the simulator where no source is named.

    Raises:
        SourceError: what feeds it cannot be opened, or the parameters make no sense.
    """
    faults = read_faults(uri)
    source = open_source(uri.text("source", "sim:"))
    readings: Iterable[Samples | Context] = source
    if source.info.origin == "live":
        source.close()
        raise SourceError(f"{uri.uri}: an emulator is fed by a recording or the simulator, not by a live sensor.")
    return EmulatedChipSource(uri.place, uri, Feed(readings), faults, release=source.close)
