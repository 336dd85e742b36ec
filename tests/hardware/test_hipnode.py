"""The HipNode's firmware on the host: its own code, read by the decoder that reads it on the run."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_host.emulators.air.link import AirFault, AirFaults, AirLink
from firmware_host.emulators.air.sensor import Characteristic, EmulatedSensor, in_counts
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.lsm6ds3trc import EmulatedLsm6ds3trc
from firmware_host.radios import hipnode, hipnode_packets
from firmware_host.radios.radio import RadioError
from rigs.ble_bench import Bench
from rigs.motions import Counting

FOLDER = Path(__file__).parents[2] / "hardware" / "hipnode"


@pytest.fixture(scope="module")
def firmware():
    """The modules as the board imports them: from its root."""
    sys.path.insert(0, str(FOLDER))
    try:
        import imu
        import node

        yield node, imu
    finally:
        sys.path.remove(str(FOLDER))
        for name in ("node", "imu"):
            sys.modules.pop(name, None)


class FakeImu:
    """The chip's FIFO: it holds 340 readings, and it measures by a clock of its own."""

    def __init__(self, sampler, now):
        self.sampler, self._now = sampler, now

    def start(self, rate, acc_g, gyr_dps):
        if rate not in (52, 104, 208):
            return False
        self.sampler.begin(float(rate), self._now())
        return True

    def read(self, buffer):
        due = self.sampler.due(self._now()) - self.sampler.count
        lost = due > 340
        if lost:
            self.sampler.take(due - 100)
        count = min(due - 100 if lost else due, len(buffer) // 12)
        count = min(count, self.sampler.due(self._now()) - self.sampler.count)
        if count <= 0:
            return 0, 0, False
        _, acc, _ = self.sampler.take(count)
        values = np.hstack((in_counts(acc, 0.488e-3 * 9.80665), np.zeros((count, 3), dtype=int)))
        buffer[: count * 12] = values.astype("<i2").tobytes()
        return count, self.sampler.due(self._now()) - self.sampler.count, lost

    sound = True

    def self_test(self):
        return self.sound


class FirmwareSensor(EmulatedSensor):
    """The firmware's node in the place of an emulated one; its loop comes round every 20 ms."""

    local_name = "HipNode"
    service = hipnode_packets.SERVICE
    characteristics = (
        Characteristic(hipnode_packets.DATA, ("notify",)),
        Characteristic(hipnode_packets.CONTROL, ("write", "notify")),
        Characteristic(hipnode_packets.INFO, ("read",)),
    )

    def __init__(self, firmware, motion, clock=0.0, room=244):
        super().__init__(motion, clock=clock)
        self._module, self._room, self.now, self.busy_until = firmware[0], room, 0.0, 0.0
        self.imu = FakeImu(self.sampler, lambda: self.now)
        self.restart(0.0)

    def restart(self, now):
        self.now = now
        began = now
        clock_ns = lambda: int((self.now - began) * 1e9) + 10**9  # noqa: E731 - the board's, since it was switched on
        self.node = self._module.Node(self.imu, clock_ns, b"\1\2\3\4\5\6")

    def linked(self, up, now):
        super().linked(up, now)
        if not up:
            self.node.unlinked()

    def read(self, characteristic, now):
        return self.node.info()

    def write(self, characteristic, data, now):
        self.readings(now)  # it was not idle meanwhile; without a link it sends nothing
        self.reply(hipnode_packets.CONTROL, self.node.command(data, self._room))

    def readings(self, now):
        sent = []
        while self.now + 0.02 <= now:
            self.now += 0.02
            if self.now < self.busy_until:
                continue
            self.node.work()
            while (packet := self.node.packet(self._room)) is not None:
                sent.append((hipnode_packets.DATA, packet))
        return sent


def bench(firmware, faults=AirFaults(), rate=208, room=244):  # noqa: B008 - frozen
    motion = Counting(0.488e-3 * 9.80665)
    sensor = FirmwareSensor(firmware, motion, faults.clock, room)
    return Bench(AirLink(sensor, faults), hipnode.HipNode(rate), motion)


def test_the_decoder_reads_what_the_firmware_sends(firmware):
    run = bench(firmware).run(90)
    assert np.all(np.diff(run.numbers) == 1)
    assert len(run.numbers) > 89 * 208
    assert not any(run.gaps)
    assert not run.radio.errors
    assert run.radio.information.serial == "010203040506"
    assert run.errors_ms()[6000:].std() < 2


def test_a_chip_whose_clock_is_not_the_board_s(firmware):
    """The period in the packets is the measured one: an LSM6DS3TR-C may be some percent off."""
    run = bench(firmware, AirFaults(clock=0.02)).run(120)
    assert np.all(np.diff(run.numbers) == 1)
    errors = run.errors_ms()[9000:]
    assert errors.std() < 2
    assert abs(errors[-2000:].mean() - errors[:2000].mean()) < 2


def test_a_short_outage_costs_nothing_and_a_long_one_is_counted(firmware):
    run = bench(firmware, AirFaults(planned=(AirFault("drop", 20, 6), AirFault("drop", 50, 30)))).run(120)
    steps = np.diff(run.numbers)
    assert (steps != 1).sum() == 1
    assert sum(run.gaps) == 1
    assert run.stream.missing == steps.max() - 1


def test_lost_power_begins_anew(firmware):
    run = bench(firmware, AirFaults(planned=(AirFault("restart", 20, 0.5),))).run(40)
    assert sum(run.gaps) == 1
    assert len(run.unmarked()) == 0


def test_a_board_that_stumbles_marks_what_the_chip_s_memory_lost(firmware):
    run = bench(firmware).run(20)
    run.link.sensor.busy_until = run.now + 3
    run.run(30)
    assert sum(run.gaps) == 1
    assert abs(run.stream.missing - (np.diff(run.numbers).max() - 1)) <= 2  # by the clock, within its jitter


def test_small_packets_for_a_small_mtu(firmware):
    run = bench(firmware, room=60, rate=52).run(20)
    assert np.all(np.diff(run.numbers) == 1)
    assert not any(run.gaps)


def test_what_the_firmware_refuses(firmware):
    sensor = FirmwareSensor(firmware, Counting(1.0))
    start = struct.pack("<BHBH", 1, 999, 16, 2000)
    assert sensor.node.command(start, 244)[:3] == bytes((0xF0, 1, 2))
    assert sensor.node.command(struct.pack("<BHBH", 1, 208, 3, 2000), 244)[2] == 2
    assert sensor.node.command(struct.pack("<BHBH", 1, 208, 16, 2000), 20)[2] == 3
    assert sensor.node.command(b"\x05\0\0\0\0\xff\xff", 244)[2] == 1  # nothing is measured yet


@given(commands=st.lists(st.binary(max_size=8), max_size=20))
@settings(deadline=None, max_examples=100, derandomize=True)
def test_no_command_stops_the_firmware(firmware, commands):
    sensor = FirmwareSensor(firmware, Counting(1e-3))
    for k, command in enumerate(commands):
        answer = sensor.node.command(command, 244)
        assert answer[0] == 0xF0
        sensor.readings(k * 0.1)


def test_what_the_board_s_main_file_needs_is_there():
    """The main file runs on the board only: at least it is Python, and what it imports from here exists."""
    text = (FOLDER / "code.py").read_text()
    compile(text, "code.py", "exec")
    for module, name in (("imu", "class Imu"), ("node", "class Node")):
        assert name in (FOLDER / f"{module}.py").read_text()


class Board:
    """CircuitPython's bus with an emulated chip on it."""

    def __init__(self, chip):
        self._chip = chip

    def writeto(self, address, data):
        assert address == 0x6A
        self._chip.write(bytes(data))

    def writeto_then_readfrom(self, address, out, answer):
        assert address == 0x6A
        self._chip.write(bytes(out))
        answer[:] = self._chip.read(len(answer))


def test_the_chip_s_registers_as_the_firmware_uses_them(firmware):
    """FIFO in sets of six words, acceleration first in what the node gets; an overrun is emptied and told."""
    clock = [0.0]
    unit = 0.488e-3 * 9.80665
    motion = Counting(unit)
    chip = EmulatedLsm6ds3trc(motion, lambda: clock[0])
    imu = firmware[1].Imu(Board(chip), lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    assert not imu.start(999, 16, 2000)
    assert imu.start(208, 16, 2000)
    buffer, numbers, lost_at = bytearray(32 * 12), [], []
    for turn in range(400):
        clock[0] += 3.0 if turn == 200 else 0.02
        while True:
            count, waiting, lost = imu.read(buffer)
            if lost:
                lost_at.append(len(numbers))
            values = np.frombuffer(bytes(buffer[: count * 12]), "<i2").reshape(count, 6)
            numbers += motion.numbers(values[:, :3] * unit).tolist()
            if not count or not waiting:
                break
    steps = np.diff(numbers)
    assert len(lost_at) == 1
    assert np.flatnonzero(steps != 1).tolist() == [lost_at[0] - 1]
    assert len(numbers) > 7 * 208
    assert imu.temperature_c() == 25


def test_another_chip_is_not_taken_for_it(firmware):
    chip = EmulatedLsm6ds3trc(Counting(1.0), lambda: 0.0, Faults(identity=0x69))
    with pytest.raises(OSError, match="no LSM6DS3TR-C"):
        firmware[1].Imu(Board(chip), lambda _: None)


class Lying:
    """A motion without any, for a chip with an accelerometer that may be stuck."""

    ended_at = None

    def at(self, times):
        n = len(times)
        return np.tile([0.0, 0.0, 9.81], (n, 1)), np.zeros((n, 3))


class Stuck(EmulatedLsm6ds3trc):
    """Its gyroscope does not move."""

    def store(self, register, value):
        super().store(register, value & 3 if register == 0x14 else value)


@pytest.mark.parametrize(("kind", "passes"), [(EmulatedLsm6ds3trc, True), (Stuck, False)])
def test_the_chip_tests_itself_and_measures_again(firmware, kind, passes):
    clock = [0.0]
    chip = kind(Lying(), lambda: clock[0])
    imu = firmware[1].Imu(Board(chip), lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    assert imu.self_test() is passes
    assert chip.sampling_rate() is None  # it is off again
    assert imu.start(208, 16, 2000)
    clock[0] += 0.5
    imu.read(bytearray(32 * 12))  # thrown away: it settles
    assert imu.read(bytearray(32 * 12))[0] == 32


def test_the_test_is_asked_for_once_and_its_failure_is_told(firmware):
    motion = Counting(0.488e-3 * 9.80665)
    radio = hipnode.HipNode(208, self_test=True)
    run = Bench(AirLink(FirmwareSensor(firmware, motion), AirFaults(planned=(AirFault("drop", 20, 6),))), radio, motion)
    run.run(40)
    assert len(run.numbers) > 30 * 208  # it measures after the test, also over a lost link
    broken = FirmwareSensor(firmware, motion)
    broken.imu.sound = False
    exchange = hipnode.HipNode(208, self_test=True).start()
    operations = [next(exchange), exchange.send(None), exchange.send(None)]
    stopped = broken.node.command(operations[-1].data, 244)
    failed = broken.node.command(exchange.send(stopped).data, 244)
    with pytest.raises(RadioError, match="fails its self-test"):
        exchange.send(failed)


def test_no_test_while_it_measures(firmware):
    sensor = FirmwareSensor(firmware, Counting(1.0))
    sensor.node.command(struct.pack("<BHBH", 1, 208, 16, 2000), 244)
    assert sensor.node.command(b"\x04", 244)[:3] == bytes((0xF0, 4, 5))
    assert sensor.node.command(b"\x02", 244)[2] == 0
    assert sensor.node.command(b"\x04", 244)[2] == 0


def test_it_blinks_once_when_it_is_asked_to(firmware):
    motion = Counting(0.488e-3 * 9.80665)
    sensor, radio = FirmwareSensor(firmware, motion), hipnode.HipNode(208, blink=True)
    run = Bench(AirLink(sensor, AirFaults(planned=(AirFault("drop", 10, 2),))), radio, motion)
    run.run(5)
    assert sensor.node.identify
    sensor.node.identify = False  # as code.py does when it has
    run.run(15)
    assert not sensor.node.identify  # a link that is built anew asks for no more
