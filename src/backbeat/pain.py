"""What is said to pain that a runner enters: what to do at which level, and when to see a professional.

It follows what the runner enters, never what the sensor measures. The questions are those of clinical guidelines
(NICE NG59 and https://www.ncbi.nlm.nih.gov/books/NBK52120/); single ones have many false alarms
(doi:10.1007/s00586-016-4684-0). The levels 0–2, 3–5 and above are a convention from tendon and knee treatment.
"""

from __future__ import annotations

from typing import Literal

RedFlag = Literal["emergency", "soon"]
"""Which list had a yes. Which sign it was is not kept: a history of cancer is nobody else's business."""

NOT_MEDICAL = (
    "Backbeat is not a medical device: it is not for diagnosis, treatment or prevention of back pain. "
    "Studies compare groups; they cannot tell whether you will have pain."
)

EMERGENCY = (
    "new loss of control over bladder or bowel, or being unable to pass water",
    "numbness around the saddle area",
    "weakness or growing numbness in one or both legs, or trouble walking",
    "pain after a serious fall or blow",
)
"""Reasons to get help at once."""

SOON = (
    "a history of cancer, or weight loss without a reason",
    "fever, chills, a recent infection or a weakened immune system",
    "pain at night that no position eases",
    "back pain for the first time under 20 or over 50 years of age",
    "pain below the knee with numbness",
    "no improvement after about four weeks",
)
"""Reasons to see a professional soon."""

QUESTIONS: dict[RedFlag, tuple[str, ...]] = {"emergency": EMERGENCY, "soon": SOON}
"""What is asked after pain was entered, the most urgent first."""

EASE_FROM = 3.0
STOP_ABOVE = 5.0


def pain_advice(level: float, red_flag: RedFlag | None = None) -> str:
    """What to say to pain that the runner entered.

    Args:
        level: 0 to 10.
        red_flag: the list in which the runner answered yes.
    """
    if red_flag == "emergency":
        return (
            "Please stop running and see a professional at once: what you answered can be a sign of something that "
            "must not wait."
        )
    if red_flag == "soon":
        return "Please see a professional before you run on; what you answered is a reason to be looked at."
    if level > STOP_ABOVE:
        return "Please stop running for today, and read when to see a professional."
    if level >= EASE_FROM:
        return "Ease off, and stop if it grows."
    return "Go on as it feels right."


def as_red_flag(value: object) -> RedFlag | None:
    """The red flag in an entry; None where it is none."""
    return value if value in ("emergency", "soon") else None
