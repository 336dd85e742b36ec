"""The six runners as data: who they are, what happens to them, and which simulated run that is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRunner:
    """One runner of the team.

    Attributes:
        id: in topics.
        name: for people.
        story: what happens in the run, for people.
        body: parameters of `sim:` (see `backbeat.simulator.source.QUERY`) but what the terrain says.
        terrain: (seconds, m/s, slope in %) one after the other, again and again.
        out_of_reach: from when to when there is no network, seconds of the round; None: there always is.
    """

    id: str
    name: str
    story: str
    body: str
    terrain: tuple[tuple[float, float, float], ...] = ((600.0, 3.0, 0.0),)
    out_of_reach: tuple[float, float] | None = None

    def uri(self, seconds: float, *, rest_s: float = 0.0, seed: int = 0) -> str:
        """This runner as a source.

        Args:
            seconds: of running, after three of standing.
            rest_s: of standing after it.
            seed: another one gives another day.
        """
        stretches, left = ["stand:3"], seconds
        while left > 0.0:
            for length, speed, grade in self.terrain:
                if left > 0.0:
                    stretches.append(f"run:{min(length, left):g}@{speed:g}/{grade:g}")
                left -= length
        if rest_s:
            stretches.append(f"stand:{rest_s:g}")
        return f"sim:?{self.body}&seed={seed}&programme={','.join(stretches)}"


TEAM = (
    TeamRunner(
        id="hanna",
        name="Hanna",
        story="runs over a hill; the long way down is what the back feels",
        body="cadence=168",
        terrain=((150.0, 3.2, 0.0), (150.0, 2.6, 7.0), (150.0, 3.4, -7.0), (150.0, 3.2, 0.0)),
    ),
    TeamRunner(
        id="kim",
        name="Kim",
        story="loses the connection for a while; an alert of that time comes when it is back",
        body="cadence=172&asymmetry_drift=-4&drift_from=90",
        out_of_reach=(330.0, 400.0),
    ),
    TeamRunner(
        id="luca",
        name="Luca",
        story="wears a sensor that slips round the belt after four minutes",
        body="cadence=168&slip_at=240&slip=25",
    ),
    TeamRunner(
        id="sam",
        name="Sam",
        story="lands harder and harder with the right foot",
        body="cadence=168&asymmetry_drift=4&impact_drift=2&drift_from=90",
    ),
    TeamRunner(
        id="tina",
        name="Tina",
        story="tires: harder landings, longer contacts, slower steps",
        body="cadence=166&impact_drift=3&contact_drift=2&cadence_drift=-1&drop_drift=0.8&drift_from=120",
    ),
    TeamRunner(id="uli", name="Uli", story="has an uneventful run", body="cadence=176"),
)
