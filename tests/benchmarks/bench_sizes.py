"""How large messages are: the demo's six runners for ten minutes each, by the real analysis.

Run: make bench ARGS=tests/benchmarks/bench_sizes.py
"packed" is zstd over all messages of one kind of one session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import zstandard

from backbeat.event_json import as_json
from backbeat.events import Alert, Step, Summary
from backbeat.fleet.score import Score, compose
from backbeat.live import Live
from backbeat.mqtt.payloads import Envelope, encoded, message, utc_text
from backbeat.team.runners import TEAM

START = 1_777_620_600.0
"""Some moment, Unix time."""


def told(events: Sequence[Alert | Summary | Live | Step]) -> list[bytes]:
    """As they go to the broker."""
    return [
        encoded(
            message(
                Envelope(utc=utc_text(START + number), session="20260501-073000", seq=number, origin="simulated"),
                as_json(event),
            )
        )
        for number, event in enumerate(events, 1)
    ]


def bench_sizes(figure: Callable[[str], None]) -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        scores: list[Score] = list(pool.map(compose, TEAM))
    kinds: dict[str, Callable[[Score], list[bytes]]] = {
        "live": lambda score: told(score.lives),
        "alert": lambda score: told([event for event in score.kept if isinstance(event, Alert)]),
        "summary": lambda score: told([event for event in score.kept if isinstance(event, Summary)]),
        "step": lambda score: told(score.steps),
    }
    for name, of in kinds.items():
        sessions = [messages for score in scores if (messages := of(score))]
        count = sum(map(len, sessions))
        raw = sum(len(each) for messages in sessions for each in messages) / count
        packed = sum(len(zstandard.compress(b"\n".join(messages))) for messages in sessions) / count
        each_s = count / sum(score.seconds for score in scores)
        figure(f"{name:8} {raw:6.0f} bytes of JSON, {packed:5.0f} packed; {each_s:.2f} a second of a runner")
