"""Motion sensors on the I2C bus as a source: `i2c://1/0x6a?chip=lsm6dsox&rate=208`.

The FIFO is emptied a few times a second. What goes wrong on the way (a loose plug, a brown-out, a full FIFO, a chip
that hangs) becomes a marked gap and, where the chip had to be started anew, a `sensor` context.
"""

from __future__ import annotations

import errno
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from backbeat.closing import Closing
from backbeat.errors import SourceError
from backbeat.samples import Context, Position, Samples, SourceInfo
from firmware_host.bus import Bus, Host
from firmware_host.chips import open_chip
from firmware_host.chips.talk import Chip, ChipFault, Options, WrongChip
from firmware_host.readings import Readings
from firmware_host.surroundings import open_surroundings
from firmware_host.uri import SourceUri

log = logging.getLogger(__name__)

VISITS_A_FIFO = 3
LONGEST_PAUSE_S = 0.2
GOLDEN = 0.6180339887
"""Its multiples, modulo one, spread over the interval more evenly than chance would have it."""
STALL_S = 0.5
"""So long without a reading from a chip that is set to give hundreds a second, and it is started anew."""
STALL_VISITS = 3
"""That many visits must have been in vain, too: a host that was busy for long finds a FIFO that has to be emptied."""
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
AWAKE_S = 0.9
"""A reader of this source gets at least an empty block this often."""
TEMPERATURE_EVERY_S = 60.0
REPORT_EVERY_S = 60.0


class Extra(Protocol):
    """Something else that is asked between the visits and has context to tell: a barometer, a satellite receiver."""

    def ask(self, now: float) -> Sequence[Context]:
        """What is new at `now`, host s. Never raises."""
        ...

    def close(self) -> None:
        """Release what it holds."""
        ...


class ChipSource(Closing):
    """A chip on a bus, as a `backbeat.sources.Source`.

    Attributes:
        info: what is known before the first reading.
        readings: for figures: clock, faults.
    """

    def __init__(
        self,
        chip: Chip,
        open_bus: Callable[[], Bus],
        where: str,
        *,
        host: Host | None = None,
        position: Position = "unknown",
        extras: Sequence[Extra] = (),
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        """Find the chip and start it.

        Args:
            chip: its driver.
            open_bus: opens the bus; called again after a failure.
            where: for people: "at 0x6a on bus 1".
            host: clock and sleep.
            position: where on the body.
            extras: asked between the visits.
            ended: whether an empty FIFO is the end (an emulator's recording has one, a chip has not).

        Raises:
            SourceError: nothing or something else answers.
        """
        self._chip, self._open_bus = chip, open_bus
        self._host, self._extras, self._ended = host or Host(), extras, ended
        self._bus: Bus | None = None
        self._stopped = False
        try:
            self._start()
        except WrongChip as error:
            raise SourceError(f"{chip.facts.name} {where}: {error}") from None
        except (OSError, ChipFault) as error:
            raise SourceError(f"{chip.facts.name} {where}: {explained(error)}.") from None
        facts = chip.facts
        self.readings = Readings(facts)
        self.info = SourceInfo(
            name=f"{facts.name} {where}",
            origin="live",
            rate_hz=facts.rate_hz,
            acc_scale=facts.acc_scale,
            gyr_scale=facts.gyr_scale,
            acc_range_g=facts.acc_range_g,
            gyr_range_dps=facts.gyr_range_dps,
            position=position,
            utc_offset_s=time.time() - time.monotonic(),
            details={"chip": facts.name, "place": where},
        )
        self._warm_at = self._reported_at = -math.inf
        self._reported = 0

    def stop(self) -> None:
        """Ask iteration to end soon."""
        self._stopped = True

    def close(self) -> None:
        """Release the bus."""
        self._release()
        for extra in self._extras:
            extra.close()

    def __iter__(self) -> Iterator[Samples | Context]:
        """Readings a few times a second, context when there is any."""
        pause = min(LONGEST_PAUSE_S, self._chip.facts.depth_s / VISITS_A_FIFO)
        period, phase = 1 / self._chip.facts.rate_hz, 0.0
        alive = spoken = self._host.now()
        in_vain = 0
        while not self._stopped:
            try:
                in_vain += 1
                for block in self._visit():
                    yield block
                    alive = spoken = self._host.now()
                    in_vain = 0
                if in_vain >= STALL_VISITS and self._host.now() - alive > STALL_S:
                    if self._ended():
                        return
                    raise ChipFault(f"no reading for {STALL_S:g} s")
            except (OSError, ChipFault) as error:
                yield from self._recover(error)
                alive = spoken = self._host.now()
                in_vain = 0
            for extra in self._extras:
                yield from extra.ask(self._host.now())
            if self._host.now() - spoken > AWAKE_S:
                yield _empty_block()
                spoken = self._host.now()
            # Visits in step with the readings would see the same delay each time, and the clock's line would lie by it.
            phase = (phase + GOLDEN) % 1.0
            self._host.sleep(pause - phase * period)

    def _visit(self) -> Iterator[Samples | Context]:
        """Empty the FIFO once.

        Raises:
            OSError: the bus failed.
            ChipFault: the chip did.
        """
        if self._bus is None:
            raise ChipFault("closed")
        batch, visit = self._bus.carry_out(self._chip.drain())
        block, wrong = self.readings.take(batch, visit)
        if block is not None:
            yield block
            if batch.temperature_c is not None and visit.end - self._warm_at > TEMPERATURE_EVERY_S:
                self._warm_at = visit.end
                yield Context(float(block.time[-1]), "temperature_c", round(batch.temperature_c, 1))
        self._report_faults(visit.end)
        if wrong is not None:
            raise ChipFault(wrong)

    def _start(self) -> None:
        self._release()
        try:
            self._bus = self._open_bus()
            self._bus.carry_out(self._chip.identify())
            self._bus.carry_out(self._chip.start())
        except BaseException:
            self._release()
            raise

    def _release(self) -> None:
        if self._bus is not None:
            self._bus.close()
            self._bus = None

    def _recover(self, error: Exception) -> Iterator[Samples | Context]:
        """Start the chip anew until it works or the source is stopped."""
        reason = explained(error)
        log.warning("%s: %s; starting it anew", self.info.name, reason)
        yield Context(self._host.now(), "sensor", {"state": "lost", "reason": reason})
        tries = 0
        while not self._stopped:
            resume = self._host.now() + BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)]
            while (left := resume - self._host.now()) > 0 and not self._stopped:
                self._host.sleep(min(left, LONGEST_PAUSE_S))
                yield _empty_block()
            tries += 1
            try:
                self._start()
            except (OSError, ChipFault, WrongChip) as again:
                log.info("%s: try %d: %s", self.info.name, tries, explained(again))
                continue
            self.readings.interrupted()
            yield Context(self._host.now(), "sensor", {"state": "found", "reason": f"started anew, try {tries}"})
            return

    def _report_faults(self, now: float) -> None:
        new = self.readings.faults - self._reported
        if new and now - self._reported_at > REPORT_EVERY_S:
            log.warning("%s: %d words that made no sense were left out, the gaps are marked", self.info.name, new)
            self._reported, self._reported_at = self.readings.faults, now


def explained(error: Exception) -> str:
    """What a bus error means for a person; the number differs from adapter to adapter."""
    if not isinstance(error, OSError):
        return str(error)
    if error.errno == errno.ENOENT:
        return (
            f"there is no {error.filename}: enable I2C (raspi-config, or dtparam=i2c_arm=on in config.txt) and reboot"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{error.filename} may not be opened: add yourself to the group i2c (sudo adduser $USER i2c)"
    if error.errno == errno.ETIMEDOUT:
        return "the bus is stuck (a line is held low): check the wiring, then unplug and plug the sensor"
    if error.errno in (errno.EREMOTEIO, errno.ENXIO, errno.EIO, errno.ENODEV):
        return f"nothing answers (error {error.errno}): check power, SDA, SCL and the address"
    return f"bus error {error.errno} ({error.strerror})"


def _empty_block() -> Samples:
    return Samples.of(np.empty(0), np.empty((0, 3)), np.empty((0, 3)))


def chip_options(uri: SourceUri) -> Options:
    """What a URI says about the chip."""
    path = uri.text("firmware", "")
    try:
        firmware = Path(path).expanduser().read_bytes() if path else None
    except OSError as error:
        raise SourceError(f"{uri.uri}: firmware={path} cannot be read: {error.strerror}.") from None
    return Options(rate_hz=uri.number("rate", 208.0), force=uri.flag("force"), firmware=firmware)


def open_i2c(text: str) -> ChipSource:
    """Open `i2c://BUS/ADDRESS?chip=NAME&rate=HZ&position=…&gpsd=HOST:PORT&barometer=NAME@ADDRESS`.

    Raises:
        SourceError: the URI is not like that, or the sensor is not there.
    """
    uri = SourceUri(text)
    bus, _, address_text = uri.place.partition("/")
    try:
        number, address = int(bus), int(address_text, 0)
    except ValueError:
        raise SourceError(f"{text}: write it as i2c://BUS/ADDRESS?chip=NAME, such as i2c://1/0x6a.") from None
    chip = open_chip(uri.text("chip", "lsm6dsox"), chip_options(uri))
    position = uri.position()
    gpsd, barometer = uri.text("gpsd", ""), uri.text("barometer", "")
    uri.done()
    host = Host()
    surroundings = open_surroundings(gpsd, barometer, lambda at: Bus(number, at, host))
    where = f"at 0x{address:02x} on bus {number}"
    extras = [surroundings] if surroundings else []
    try:
        return ChipSource(chip, lambda: Bus(number, address, host), where, host=host, position=position, extras=extras)
    except BaseException:
        for extra in extras:
            extra.close()
        raise
