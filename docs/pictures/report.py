"""Makes the page behind report-desktop.png and report-phone.png: fifteen sessions of a simulated runner.

python docs/pictures/report.py page.html
chromium --headless --hide-scrollbars --window-size=900,1500 --screenshot=report-desktop.png page.html
chromium --headless --hide-scrollbars --window-size=500,1500 --screenshot=report-phone.png page.html
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from backbeat.history.store import History
from backbeat.report.material import from_history
from backbeat.report.page import page
from backbeat.samples import Context
from rigs.kept import keep
from rigs.steps import Runner, day, person, varied_grade, varied_speed

TIRING = {
    "impact_peak_g": 0.16,
    "cadence_spm": -0.04,
    "contact_time_ms": 0.04,
    "pelvic_drop_deg": 2.5,
    "medio_lateral_sway_cm": 0.2,
}
"""What the last run ends up at, on the model's scale; it begins after 15 minutes."""


def main(target: Path) -> None:
    """Run fifteen sessions, the last of them tiring and lopsided, and write its page."""
    who = person(7)
    who["cadence_spm"] = (0.0, *who["cadence_spm"][1:])  # the population's middle: the drawn one would be very slow
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "runner.sqlite"
        with History(file) as history:
            history.add_shoe("blue", "Blue", 480)
            history.use_shoe("blue")
        for k in range(14):
            usual = Runner(1500 + 60 * k, k, varied_speed(k), varied_grade(k), person=who, day=day(k, 0.5))
            keep(file, f"s{k}", usual, 2.0 * k)
        last = Runner(
            2600,
            99,
            varied_speed(9),
            varied_grade(9),
            {"impact_peak_g": lambda t: 2 + (7 if t > 1500 else 0)},
            person=who,
            day=day(20, 0.5),
            change={name: lambda t, end=end: end * max(0.0, t - 900) / 900 for name, end in TIRING.items()},
        )
        pain = Context(1.0, "pain", {"value": 3, "when": "after", "text": "left side"})
        keep(file, "20250712-153000", last, 28.0, notes=[pain])
        with History(file) as history:
            target.write_text(page(from_history(history, "last")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
