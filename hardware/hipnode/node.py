"""What a HipNode does, without its hardware: memory, clock, packets and commands.

Runs on CircuitPython and, in the tests of the project, on the host against the decoder that reads it. The layout of
all bytes is described in firmware_host/radios/hipnode_packets.py.
"""

import struct

VERSION = 1
GYRO, LOST, SATURATED, RESTARTED = 1, 2, 4, 8
START, STOP, IDENTIFY, SELF_TEST, SEND = 1, 2, 3, 4, 5
REPLY = 0xF0
OK, UNKNOWN, REFUSED, NO_ROOM, FAILED, BUSY = 0, 1, 2, 3, 4, 5

HEADER = 16
READING = 12
MOST = 19  # readings in a packet: 244 bytes, the longest notification of an MTU of 247
MEMORY = 2080  # readings: ten seconds at 208 a second, 25 kB

ACC_G = {2: 0.061e-3, 4: 0.122e-3, 8: 0.244e-3, 16: 0.488e-3}
GYR_DPS = {250: 8.75e-3, 500: 17.5e-3, 1000: 35e-3, 2000: 70e-3}


class Node:
    """A sensor that measures whether or not somebody listens, and sends from any reading that it still remembers.

    Args:
        imu: `start(rate, acc_g, gyr_dps)`, `self_test()`, and `read(buffer)` that fills in whole readings of 12 bytes
            (acceleration, angular rate) and returns their number, how many more wait, and whether some were lost
            before them.
        now_ns: a clock that never goes back.
        serial: six bytes.
    """

    def __init__(self, imu, now_ns, serial):
        self._imu = imu
        self._now_ns = now_ns
        self._serial = serial
        self._memory = bytearray(MEMORY * READING)
        self._chunk = bytearray(32 * READING)
        self._setting = None
        self._settings = 0
        self._sending = False
        self._count = 0  # number of the next reading
        self._forgotten = 0  # number of the oldest reading that is remembered
        self._next = 0  # number of the next reading to send
        self._expected = 0  # number of the reading after the last one sent
        self._sequence = 0
        self._fresh = True
        self._taken_ns = 0  # when reading number `count` will be taken
        self._period = 1  # ns between readings, times 256: integers, since CircuitPython's floats have 22 bits
        self.temperature_c = 0
        self.identify = False

    def info(self):
        """The INFO characteristic."""
        rate, acc_g, gyr_dps = self._setting or (208, 16, 2000)
        return struct.pack(
            "<BBBBHHHffBB6s", VERSION, self._settings, 1, 0, rate * 10, acc_g, gyr_dps,
            ACC_G[acc_g], GYR_DPS[gyr_dps], 1, 0, self._serial,
        )  # fmt: skip

    def unlinked(self):
        """Nobody listens any more; measuring goes on."""
        self._sending = False

    def command(self, data, room):
        """Do what was written to CONTROL; `room` is the longest notification. Returns the answer."""
        operation = data[0] if data else 0
        status, extra = OK, b""
        if operation == START and len(data) == 6:
            status = self._start(struct.unpack("<HBH", data[1:]), room)
            extra = struct.pack("<I", self._count)
        elif operation == STOP:
            self._setting = None
            self._sending = False
        elif operation == IDENTIFY:
            self.identify = True
        elif operation == SELF_TEST:
            status = BUSY if self._setting is not None else OK if self._imu.self_test() else FAILED
        elif operation == SEND and len(data) == 7 and self._setting is not None:
            first = struct.unpack("<I", data[1:5])[0]
            self._next = min(max(first, self._forgotten), self._count)
            self._expected = first
            self._sending = True
        else:
            status = UNKNOWN
        return bytes((REPLY, operation, status)) + extra

    def _start(self, setting, room):
        rate, acc_g, gyr_dps = setting
        self._sending = False  # until the host says from where
        if room < HEADER + READING:
            return NO_ROOM
        if setting == self._setting:
            return OK
        if acc_g not in ACC_G or gyr_dps not in GYR_DPS or not self._imu.start(rate, acc_g, gyr_dps):
            return REFUSED
        self._setting = setting
        self._settings = (self._settings + 1) % 256
        self._count = self._forgotten = self._next = self._expected = 0
        self._fresh = True
        self._period = 256000000000 // rate
        self._taken_ns = 0
        return OK

    def work(self):
        """Take what the chip has measured; to be called several times a second."""
        if self._setting is None:
            return
        count, waiting, lost = self._imu.read(self._chunk)
        now = self._now_ns()
        if not count:
            return
        if lost and self._taken_ns:  # by the clock: so many were taken meanwhile
            taken = ((now - self._taken_ns) * 256 + self._period // 2) // self._period
            missed = max(0, taken - count - waiting)
            self._count += missed
            self._forgotten = self._count
            self._taken_ns += missed * self._period // 256
        for k in range(count):
            at = self._count % MEMORY * READING
            self._memory[at : at + READING] = self._chunk[k * READING : (k + 1) * READING]
            self._count += 1
        self._forgotten = max(self._forgotten, self._count - MEMORY)
        self._follow(count, now - waiting * self._period // 256)

    def _follow(self, count, now):
        """Let the readings' clock follow the time at which they are found, which is up to a period late and uneven."""
        found = now + self._period // 512  # the next reading is due half a period from now, on the average
        expected = self._taken_ns + count * self._period // 256
        error = found - expected
        if self._taken_ns == 0 or abs(error) > 100000000:
            self._taken_ns = found
            return
        self._taken_ns = expected + error // 8
        self._period += error * 256 // (count * 512)

    def packet(self, room):
        """The next DATA notification, at most `room` bytes long; None while there is not a full one to send."""
        count = min(MOST, (room - HEADER) // READING)
        if not self._sending:
            return None
        self._next = max(self._next, self._forgotten)
        if self._count - self._next < count:
            return None
        first = self._next
        flags = GYRO
        if first != self._expected:
            flags |= LOST
        if self._fresh:
            flags |= RESTARTED
        taken_us = (self._taken_ns - (self._count - first) * self._period // 256) // 1000
        head = struct.pack(
            "<BBHIIHbB", VERSION << 4 | flags, count, self._sequence, first, taken_us & 0xFFFFFFFF,
            (self._period // 256 + 250) // 500, self.temperature_c, self._settings,
        )  # fmt: skip
        at = first % MEMORY * READING
        body = bytes(self._memory[at : at + count * READING])
        body += bytes(self._memory[: count * READING - len(body)])
        self._next = self._expected = first + count
        self._sequence = (self._sequence + 1) % 65536
        self._fresh = False
        return head + body
