"""Which failed transfers are tried again."""

import errno

import pytest

from firmware_host.bus import RETRY_PAUSES_S, Bus
from firmware_host.chips.talk import Read
from firmware_host.emulators.adapter import Adapter, Installed
from rigs.barometer import Registers
from rigs.chip_bench import HandClock


@pytest.mark.parametrize(
    ("number", "once", "tries"),
    [
        (errno.EIO, False, 2),
        (errno.EREMOTEIO, False, 2),
        (errno.EREMOTEIO, True, 2),  # nobody acknowledged: no byte has left the chip
        (errno.ENXIO, True, 2),
        (errno.EIO, True, 1),  # bytes may have left it
        (errno.ETIMEDOUT, True, 1),
    ],
)
def test_a_transfer_that_fails_once(number, once, tries):
    transfers = []

    def before():
        transfers.append(number)
        if len(transfers) == 1:
            raise OSError(number, "on order")

    def talk():
        return (yield Read(0x10, 1, once=once))

    with Installed(Adapter({0x40: Registers({0x10: 7})}, before)) as installed:
        bus = Bus(installed.path, 0x40, HandClock().host)
        if tries == 1:
            with pytest.raises(OSError, match="on order"):
                bus.carry_out(talk())
        else:
            assert bus.carry_out(talk())[0] == b"\x07"
        bus.close()
    assert len(transfers) == tries
    assert bus.errors == 1


def test_it_gives_up_after_the_last_pause():
    def before():
        transfers.append(0)
        raise OSError(errno.EREMOTEIO, "nobody")

    def talk():
        yield Read(0x10)

    transfers = []
    with Installed(Adapter({}, before)) as installed:
        bus = Bus(installed.path, 0x40, HandClock().host)
        with pytest.raises(OSError, match="nobody"):
            bus.carry_out(talk())
        bus.close()
    assert len(transfers) == len(RETRY_PAUSES_S) + 1
