"""Emulated Bluetooth sensors as sources: sensor, air, bluetoothd's interface, bleak, transport, in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import cast, get_args

from backbeat.errors import SourceError
from backbeat.samples import Context, Position, Samples
from backbeat.sources import open_source
from firmware_host.ble import BleSource, make_radio
from firmware_host.emulators.air.air import Air
from firmware_host.emulators.air.hipnode import EmulatedHipNode
from firmware_host.emulators.air.link import AirFault, AirFaultKind, AirFaults, AirLink
from firmware_host.emulators.air.movesense import EmulatedMovesense
from firmware_host.emulators.air.polar import EmulatedPolar
from firmware_host.emulators.air.sensor import EmulatedSensor
from firmware_host.emulators.air.witmotion import EmulatedWitmotion
from firmware_host.emulators.feed import Feed, Motion
from firmware_host.radios.radio import Radio
from firmware_host.uri import SourceUri

SENSORS: Mapping[str, type[EmulatedSensor]] = {
    "witmotion": EmulatedWitmotion,
    "movesense": EmulatedMovesense,
    "polar": EmulatedPolar,
    "hipnode": EmulatedHipNode,
}

ON_THE_WAY_S = 1.0
"""After the end of what feeds a sensor its last packets still arrive."""


class EmulatedBleSource(BleSource):
    """An emulated sensor, read by the real transport through the real bleak."""

    def __init__(
        self,
        kind: type[EmulatedSensor],
        radio: Radio,
        motion: Motion,
        faults: AirFaults,
        *,
        position: Position = "unknown",
        release: Callable[[], None] = lambda: None,
    ) -> None:
        """Switch it on and connect.

        Args:
            kind: of `SENSORS`.
            radio: the protocol that reads it.
            motion: what it feels.
            faults: what goes wrong.
            position: where on the body.
            release: called when this is closed.
        """
        sensor = kind(motion, clock=faults.clock)
        self._release_motion = release
        try:
            self._air = Air([AirLink(sensor, faults)])
        except BaseException:
            release()
            raise

        def ended() -> bool:
            return motion.ended_at is not None and self._air.now() > motion.ended_at + ON_THE_WAY_S

        try:
            super().__init__(sensor.address, radio, position=position, ended=ended)
        except BaseException:
            self._air.close()
            release()
            raise
        self.info = replace(self.info, name=f"emulated {radio.name}", origin="simulated")

    def close(self) -> None:
        """Disconnect, and end the emulation."""
        super().close()
        self._air.close()
        self._release_motion()


def read_faults(uri: SourceUri) -> AirFaults:
    """The faults that a URI orders: `lost=0.01&doubled=0.01&flip=0.001&clock=0.005&drop=20-25&daemon=40-43`."""
    planned = []
    for kind in cast("tuple[AirFaultKind, ...]", get_args(AirFaultKind)):
        for at, lasting in uri.get(kind, (), _spans):
            planned.append(AirFault(kind, at, lasting))
    return AirFaults(
        lost=uri.number("lost", 0.0),
        doubled=uri.number("doubled", 0.0),
        late=uri.number("late", 0.0),
        flip=uri.number("flip", 0.0),
        busy=uri.number("busy", 0.0),
        clock=uri.number("clock", 0.0),
        planned=tuple(planned),
        seed=int(uri.number("seed", 0)),
    )


def _spans(text: str) -> tuple[tuple[float, float], ...]:
    """`10-12,20-25` as (10, 2) and (20, 5); a time alone lasts a second."""
    pairs = []
    for part in text.split(","):
        start, dash, end = part.partition("-")
        pairs.append((float(start), float(end) - float(start) if dash else 1.0))
    return tuple(pairs)


def open_emulated_sensor(uri: SourceUri) -> EmulatedBleSource:
    """Open `emulate:SENSOR?source=URI`, fed by the simulator where no source is named.

    Raises:
        SourceError: what feeds it cannot be opened, or the parameters make no sense.
    """
    radio, faults, position = make_radio(uri, uri.place), read_faults(uri), uri.position()
    fed_by = uri.text("source", "sim:")
    uri.done()
    source = open_source(fed_by)
    if source.info.origin == "live":
        source.close()
        raise SourceError(f"{uri.uri}: an emulator is fed by a recording or the simulator, not by a live sensor.")
    readings: Iterable[Samples | Context] = source
    return EmulatedBleSource(SENSORS[uri.place], radio, Feed(readings), faults, position=position, release=source.close)
