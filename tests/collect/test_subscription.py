"""A broker that takes the connection and refuses what a worker asks to read."""

from __future__ import annotations

import time
from collections.abc import Callable

from backbeat.collect.subscription import ASKED_AGAIN_S, Subscription
from backbeat.collect.wanted import Wanted
from backbeat.mqtt.settings import MqttSettings
from rigs.moody_broker import MoodyBroker

DENIED = 0x87


def test_what_is_refused_is_told_once_and_asked_for_each_minute() -> None:
    clock, reports = [0.0], list[str]()
    with MoodyBroker(lambda *_: 0, subscription=DENIED) as broker:
        subscription = Subscription(
            MqttSettings.from_url(broker.url),
            Wanted(["team/alert"], [], "archive", "one"),
            take=lambda _: None,
            lost=lambda: None,
            report=reports.append,
            clock=lambda: clock[0],
        )

        def step_until(condition: Callable[[], bool], passes_s: float = 0.0) -> None:
            end = time.monotonic() + 20.0
            while not condition():
                assert time.monotonic() < end, reports
                subscription.step(0.05)
                clock[0] += passes_s

        step_until(lambda: len(reports) == 1)
        for _ in range(5):
            subscription.step(0.01)
        assert broker.subscriptions == 1  # not at once
        step_until(lambda: broker.subscriptions == 3, ASKED_AGAIN_S / 4)
        broker.subscription = 1
        step_until(lambda: len(reports) == 3, ASKED_AGAIN_S / 4)
        subscription.close()
    refused, granted, listening = reports
    assert "does not let us read team/alert (Not authorized)" in refused
    assert granted.endswith("lets us read team/alert now.")
    assert listening.startswith("Listening at the broker")
