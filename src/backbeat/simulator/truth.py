"""What really happened in a simulated run: its contacts with their true measures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from backbeat.events import Activity, Side
from backbeat.simulator.plan import STILL, Contact
from backbeat.simulator.programme import RUNNING, WALKING, SimulatedActivity
from backbeat.simulator.sensor import Sensor
from backbeat.simulator.stance import Pulses


@dataclass(frozen=True, slots=True)
class TrueStep:
    """One foot contact; times in seconds by the sensor's clock, the rest in true units.

    Attributes:
        time: initial contact.
        toe_off: end of the contact.
        side: the foot, None where both land at once.
        doing: what the runner was doing, by the programme's word.
        activity: the same as the analysis should call it.
        step_time_ms: from the contact before, None for the first of a bout.
        contact_time_ms: ground contact time.
        flight_time_ms: in the air before this contact; negative where both feet were down.
        impact_peak_g: peak vertical specific force on the midline.
        peak_force_bw: peak vertical ground reaction force.
        braking_m_s: forward speed lost after landing.
        speed_m_s: in force.
        grade_pct: in force.
    """

    time: float
    toe_off: float
    side: Side | None
    doing: SimulatedActivity
    activity: Activity
    step_time_ms: float | None
    contact_time_ms: float
    flight_time_ms: float | None
    impact_peak_g: float
    peak_force_bw: float
    braking_m_s: float
    speed_m_s: float
    grade_pct: float


def activity_of(doing: SimulatedActivity) -> Activity:
    """What the analysis should call it; walking on stairs is walking, skipping and jumping are other."""
    return "running" if doing in RUNNING else "walking" if doing in WALKING else "other"


def true_steps(contacts: Iterable[Contact], sensor: Sensor, seconds: float) -> Iterator[TrueStep]:
    """The steps that begin before the run's end, in the order of their time."""
    feet = (c for c in contacts if c.activity not in STILL and c.time < seconds)
    while some := list(islice(feet, 512)):
        pulses = Pulses.of(some)
        impacts, forces, lost = pulses.impact(), pulses.ground_force(), pulses.speed_lost()
        for contact, impact, force, braking in zip(some, impacts, forces, lost, strict=True):
            yield TrueStep(
                time=float(sensor.stamp(contact.time)),
                toe_off=float(sensor.stamp(contact.time + contact.duration)),
                side=contact.side,
                doing=contact.activity,
                activity=activity_of(contact.activity),
                step_time_ms=None if contact.step_time is None else 1e3 * contact.step_time,
                contact_time_ms=1e3 * contact.duration,
                flight_time_ms=None if contact.flight_before is None else 1e3 * contact.flight_before,
                impact_peak_g=float(impact),
                peak_force_bw=float(force),
                braking_m_s=float(braking),
                speed_m_s=contact.speed,
                grade_pct=contact.grade,
            )
