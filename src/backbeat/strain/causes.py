"""What runners and their magazines name as causes of back pain from running, and what is known about each.

Every cause has its answer: what a hip sensor sees of it, the best evidence for it, the best against it, and a grade for
low back pain in runners: B moderate, C weak or indirect, D none or contradictory. Nothing here is about one person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["B", "C", "D"]


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause as people name it, and its answer.

    Attributes:
        title: as runners say it.
        seen: what the sensor sees of it, and what it asks instead of guessing.
        grade: how strong the evidence is for low back pain in runners.
        evidence: the best that speaks for it, with its source.
        contrary: the best that speaks against it, or why little follows.
        sources: addresses of the papers.
    """

    title: str
    seen: str
    grade: Grade
    evidence: str
    contrary: str
    sources: tuple[str, ...]


_DROZDA = "https://doi.org/10.1016/j.gaitpost.2024.06.015"
_FRANDSEN = "https://doi.org/10.1136/bjsports-2024-109380"
_MALISOUX = "https://doi.org/10.1136/bmjsem-2023-001787"
_MASELLI = "https://doi.org/10.1186/s12891-020-03357-4"
_MASELLI_SURVEY = "https://doi.org/10.1016/j.ptsp.2020.12.023"
_WU = "https://doi.org/10.1155/2021/6660304"
_SEAY = "https://doi.org/10.1097/BRS.0b013e3182015f7c"
_BRAMAH = "https://doi.org/10.1177/0363546518793657"
_WHITNEY = "https://doi.org/10.1589/jpts.34.327"
_LEVINE = "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC1896074/"
_GARBUTT = "https://doi.org/10.1249/00005768-199012000-00006"
_GOTTSCHALL = "https://doi.org/10.1016/j.jbiomech.2004.04.023"
_SCHUETTE = "https://bvbvf1.bib-bvb.de/vufind/PrimoRecord/cdi_kuleuven_dspace_123456789_544257"
_DISCS = "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC5396190/"
_RISTOLAINEN = "https://www.minervamedica.it/en/journals/sports-med-physical-fitness/article.php?cod=R40Y2014N01A0078"

CAUSES: dict[str, Cause] = {
    "pounding": Cause(
        "Pounding on the spine",
        "The shock that reaches the pelvis is measured on every step and compared with your own usual at the same "
        "pace and slope.",
        "C",
        "Runners with back pain had a 9 % higher loading rate than runners without (52 and 52 runners, Drozda 2024).",
        "Cross-sectional, so it may be cause or consequence; long-term runners have better hydrated discs "
        "(Belavý 2017), and no accepted limit exists.",
        (_DROZDA, _DISCS),
    ),
    "one_sided_landing": Cause(
        "Landing harder on one foot (sacroiliac joint)",
        "Left and right landings are compared with each other, and today's difference with your own.",
        "D",
        "Women with sacroiliac pain let the pelvis drop more, most when standing on the painful side (18 and 63 "
        "runners, Whitney 2022); no study that followed runners over time was found.",
        "In 836 runners asymmetry went with no more injuries, in two measures with fewer (Malisoux 2024).",
        (_WHITNEY, _MALISOUX),
    ),
    "posture": Cause(
        "Poor posture, a rotated or tilted pelvis",
        "Tilt and rotation of the pelvis are followed through the run. A bent upper back cannot be seen from the hip.",
        "C",
        "Runners with back pain rotated the pelvis more and moved it more in one with the trunk (Seay 2011); poor "
        "self-rated posture went with back pain (odds ratio 2.3, 800 marathoners, Wu 2021).",
        "Pelvis motion was no different in 52 runners with and 52 without back pain (Drozda 2024).",
        (_SEAY, _WU, _DROZDA),
    ),
    "core_and_hips": Cause(
        "A weak core and stiff hips",
        "Strength and mobility cannot be measured by a hip sensor; only how far the pelvis dips on the free side is.",
        "C",
        "Restricted hip flexion and poor hamstring flexibility are listed with back pain (Maselli 2020); more pelvic "
        "drop went with other running injuries (72 and 36 runners, Bramah 2018).",
        "Looking back, and not about the back; pelvic drop was no different in runners with back pain (Drozda 2024).",
        (_MASELLI, _BRAMAH, _DROZDA),
    ),
    "too_much_too_soon": Cause(
        "Overuse, too many miles too soon",
        "This run is compared with your longest of the last 30 days. Weekly mileage is shown and counts nothing.",
        "B",
        "Runs more than 10 % beyond the longest of 30 days went with 1.5 to 2.3 times as many overuse injuries "
        "(5,205 runners, Frandsen 2025).",
        "All overuse injuries, not the back; the weekly ratios showed no relation or the opposite one.",
        (_FRANDSEN,),
    ),
    "too_fast": Cause(
        "Too fast, and pain after thirty minutes",
        "Pace is compared with your own, form with the start of the run; you can be asked how the back feels "
        "after 30 minutes.",
        "C",
        "Faster running shortens the spine more for a while (7.7 against 3.4 mm, 14 runners, Garbutt 1990); fatigue "
        "went with back pain (odds ratio 2.7, Wu 2021).",
        "The shortening was the same in runners with back pain and without (Garbutt 1990).",
        (_GARBUTT, _WU),
    ),
    "long_steps": Cause(
        "Long, slow steps",
        "Cadence is compared with your own at the same pace and slope.",
        "C",
        "Runners with back pain took 166 steps a minute, those without 171 (52 and 52 runners, Drozda 2024).",
        "Cross-sectional, so it may be cause or consequence; there is no right cadence for everybody.",
        (_DROZDA,),
    ),
    "hard_surface": Cause(
        "Hard surfaces",
        "The sensor cannot name a surface; write it into a note if you want to compare.",
        "D",
        "On woodchip the shock at the trunk had lower frequencies than on concrete (28 runners, Schütte 2016).",
        "It says nothing about pain; no study was found that links the surface with back pain in runners.",
        (_SCHUETTE,),
    ),
    "worn_shoes": Cause(
        "Worn shoes",
        "Kilometres are counted for each pair that you enter.",
        "D",
        "Replacing shoes after 500 to 800 km is expert opinion.",
        "No trial of worn shoes was found; in 2,539 runners back pain was not associated with equipment "
        "(Maselli 2021).",
        (_MASELLI_SURVEY,),
    ),
    "hills": Cause(
        "Uphill and downhill running",
        "Time on slopes, and impact and tilt there, where the slope is known.",
        "C",
        "The lower back is flattest uphill and most arched downhill (20 women, ±5°, Levine 2007); the impact "
        "peak of the ground's force was 54 % higher at −9° (10 runners, Gottschall 2005).",
        "Healthy runners on a treadmill; no study of pain.",
        (_LEVINE, _GOTTSCHALL),
    ),
    "warm_up": Cause(
        "No warm-up",
        "The pace of the first five minutes is compared with your own easy pace.",
        "C",
        "Too little warm-up went with back pain (odds ratio 2.6, 800 marathoners, 36 with pain, Wu 2021).",
        "Asked afterwards, from memory; no trial.",
        (_WU,),
    ),
    "rest_days": Cause(
        "No rest days",
        "Days without a run in the last seven are counted.",
        "C",
        "Athletes with fewer than two rest days a week had more overuse injuries (446 athletes, Ristolainen 2014).",
        "Top-level athletes asked afterwards; all overuse injuries, not the back.",
        (_RISTOLAINEN,),
    ),
    "one_sided_muscles": Cause(
        "Stronger muscles on one side",
        "Muscles cannot be measured by a hip sensor; left and right steps are compared instead.",
        "D",
        "A difference in leg length is listed with back pain in runners (Maselli 2020).",
        "In 836 runners asymmetry went with no more injuries, in two measures with fewer (Malisoux 2024).",
        (_MASELLI, _MALISOUX),
    ),
    "dehydration": Cause(
        "Dehydration in the heat",
        "Water drunk cannot be seen, nor the weather: the sensor knows its own temperature only. You can note both.",
        "C",
        "Uncomfortable temperature went with back pain (odds ratio 6.6, 800 marathoners, 36 with pain, Wu 2021).",
        "About the weather, not about water; asked afterwards; a wide uncertainty.",
        (_WU,),
    ),
    "mileage": Cause(
        "The miles themselves",
        "Distance is shown. It has no weight in the index.",
        "D",
        "Running for more than six years is listed with back pain (Maselli 2020).",
        "Back pain is rarer in runners than in others (Maselli 2020), runners with back pain ran 39.5 % less (Drozda "
        "2024), and in 2,539 runners it was not associated with training (Maselli 2021): no relation between miles "
        "and back pain was found.",
        (_MASELLI, _DROZDA, _MASELLI_SURVEY),
    ),
    "own_report": Cause(
        "Pain that you feel",
        "Only you know; what you enter goes before everything that the sensor says.",
        "C",
        "Easing off at 3 of 10 and stopping above 5 is a convention from the treatment of tendons and knees.",
        "It was not made for the back.",
        (),
    ),
    "signal": Cause(
        "A loose or faulty sensor",
        "Readings that cannot be right are found and said; alerts about form wait until they are over.",
        "D",
        "A belt that moves changes every figure.",
        "It says nothing about the runner.",
        (),
    ),
}
"""Cause to its answer, in the order in which a report shows them."""
