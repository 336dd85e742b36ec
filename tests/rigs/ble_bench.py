"""Emulated Bluetooth sensors and their decoders face to face, with injected time: no D-Bus, no sleep."""

from dataclasses import dataclass, field

import numpy as np

from firmware_host.emulators.air.hipnode import EmulatedHipNode
from firmware_host.emulators.air.link import AirLink
from firmware_host.emulators.air.movesense import ACC_COUNT, EmulatedMovesense
from firmware_host.emulators.air.polar import FACTOR, EmulatedPolar
from firmware_host.emulators.air.witmotion import EmulatedWitmotion
from firmware_host.radios import witmotion
from firmware_host.radios.hipnode import HipNode
from firmware_host.radios.movesense import Movesense
from firmware_host.radios.polar import Polar
from firmware_host.radios.radio import Ask, Measure, Packet, Read, Subscribe, Write
from firmware_host.stream import Stream
from rigs.motions import Counting

SENSORS = {
    "hipnode": (EmulatedHipNode, HipNode, 0.488e-3 * 9.80665),
    "movesense": (EmulatedMovesense, lambda: Movesense(208), ACC_COUNT),
    "polar": (EmulatedPolar, Polar, FACTOR * 9.80665),
    "witmotion": (EmulatedWitmotion, witmotion.Witmotion, witmotion.ACC_SCALE),
}


def sensor_and_radio(name, clock=0.0):
    """An emulated sensor that feels a count, and its decoder."""
    sensor, radio, unit = SENSORS[name]
    motion = Counting(unit)
    return motion, sensor(motion, clock=clock), radio()


@dataclass
class Bench:
    """Runs a sensor through its link and decoder for so many simulated seconds.

    Attributes:
        numbers: which readings came, in order.
        times: at which host time each was placed.
        gaps: whether a gap was marked before each.
    """

    link: AirLink
    radio: object
    motion: Counting
    reconnect_s: float = 1.0
    numbers: list = field(default_factory=list)
    times: list = field(default_factory=list)
    gaps: list = field(default_factory=list)
    now: float = 1.0
    linked: bool = False

    def __post_init__(self):
        self.stream = Stream(lambda: self.radio.setting.rate_hz)

    def run(self, seconds):
        end = self.now + seconds
        while self.now < end:
            if not self.reachable():
                self.now += 0.1
                continue
            if not self.linked:
                self.linked = True
                self.link.sensor.linked(True, self.now)
                self.begin()
            while self.now < end and self.reachable():
                self.tick()
            if not self.reachable():
                self.linked = False
                self.link.cut(self.now)
                self.stream.interrupted()
                self.now += self.reconnect_s
        return self

    def reachable(self):
        return self.link.reachable(self.now) and not self.link.during("daemon", self.now)

    def begin(self):
        """The radio's start-up sequence; what comes meanwhile is kept unless a rate is measured, as the link does."""
        exchange, held = self.radio.start(), []
        result = None
        while True:
            try:
                result = self.carry_out(exchange.send(result), held)
            except StopIteration:
                break
        for packet, arrival in held:
            self.take(packet, arrival)

    def carry_out(self, operation, held):
        sensor = self.link.sensor
        match operation:
            case Subscribe(uuid):
                sensor.subscribe(uuid, True, self.now)
            case Write(uuid, data):
                sensor.write(uuid, data, self.now)
            case Read(uuid):
                return sensor.read(uuid, self.now)
            case Ask():
                return self.ask(operation, held)
            case Measure(seconds):
                before = len(held)
                until = self.now + seconds
                while self.now < until:
                    self.now += 0.03
                    held += self.heard()
                came = [(arrival, len(p)) for p, arrival in held[before:] if isinstance(p, Packet)]
                held.clear()
                return sum(n for _, n in came[1:]) / (came[-1][0] - came[0][0])
        return None

    def ask(self, question, held):
        self.link.sensor.write(question.characteristic, question.data, self.now)
        for _ in range(100):
            self.now += 0.03
            answer = None
            for uuid, data in self.link.sensor.due(self.now):
                if uuid == question.reply_on and question.answers(data):
                    answer = data
                else:
                    held += [(p, self.now) for p in self.radio.feed(uuid, data)]
            if answer is not None:
                return answer
        return None

    def heard(self):
        """What one connection event brings."""
        return [(p, self.now) for uuid, data in self.link.event(self.now) for p in self.radio.feed(uuid, data)]

    def tick(self):
        self.now += self.link.faults.interval_s
        for packet, arrival in self.heard():
            self.take(packet, arrival)

    def take(self, packet, arrival):
        if not isinstance(packet, Packet):
            return
        block = self.stream.take(packet, arrival)
        self.numbers += self.motion.numbers(block.acc).tolist()
        self.times += block.time.tolist()
        self.gaps += block.gap_before.tolist()

    def errors_ms(self):
        """Placed less true time of each reading, in ms, less the constant part of the radio's delay."""
        found = np.array(self.times) - np.array(self.motion.times)[np.array(self.numbers)]
        return 1000 * (found - np.median(found))

    def unmarked(self):
        """Places where readings are missing, and no gap is marked."""
        steps = np.diff(self.numbers)
        return np.flatnonzero((steps != 1) & ~np.array(self.gaps[1:])) + 1
