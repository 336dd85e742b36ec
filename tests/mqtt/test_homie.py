"""The Homie 5 option: greeting, figures, goodbye and last will as the convention has them."""

from __future__ import annotations

import json
import re

from backbeat.live import Live
from backbeat.mqtt.homie import PROPERTIES, description
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttSettings
from rigs.mosquitto import Mosquitto
from rigs.reader import Reader, wait_until
from rigs.runs import INFO, a_run, readings

DEVICE = "homie/5/home-runner"


def test_a_device_greets_tells_its_figures_and_says_goodbye(mosquitto: Mosquitto) -> None:
    with Reader(mosquitto.port, "homie/#") as reader:
        run = Publisher(MqttSettings.from_url(f"{mosquitto.url}?homie=yes"), INFO, report=print)
        run.wait_connected()
        reader.wait_for("/$state", 2)
        for second, events in enumerate(a_run()):
            run.take(readings(second, 1.0), events)
        reader.wait_for("/gait/alerts")
        run.finish([])
        wait_until(lambda: reader.on("/$state")[-1].payload == b"disconnected", "the goodbye")
    assert [got.payload for got in reader.on("/$state")] == [b"init", b"ready", b"disconnected"]
    assert [got.topic for got in reader.got[:3]] == [f"{DEVICE}/$state", f"{DEVICE}/$description", f"{DEVICE}/$state"]
    described = json.loads(reader.on("/$description")[0].payload)
    properties = described["nodes"]["gait"]["properties"]
    told = {got.topic.rpartition("/")[2]: got.payload for got in reader.got if "/gait/" in got.topic}
    assert told.keys() <= properties.keys()
    assert (told["state"], told["cadence"], told["impact"]) == (b"running", b"170", b"3")
    assert told["alerts"] == b"impact_high:right"


def test_the_description_fits_the_convention_and_the_state() -> None:
    body = description(MqttSettings(host="h", runner_name="Sam"))
    assert body["homie"] == "5.0"
    assert isinstance(body["version"], int)
    assert body == description(MqttSettings(host="h", runner_name="Sam"))
    for name, (field, _, datatype, _) in PROPERTIES.items():
        assert re.fullmatch(r"[a-z0-9-]+", name)
        assert hasattr(Live(), field)
        assert datatype in ("float", "string", "enum")


def test_a_lost_device_is_lost(mosquitto: Mosquitto) -> None:
    with Reader(mosquitto.port, "homie/#") as reader:
        run = Publisher(MqttSettings.from_url(f"{mosquitto.url}?homie=yes"), INFO, report=lambda _: None)
        reader.wait_for("/$state", 2)
        assert run._homie is not None
        run._homie._courier._link.abandon()  # type: ignore[union-attr]
        wait_until(lambda: b"lost" in [got.payload for got in reader.on("/$state")], "the last will")
        wait_until(lambda: reader.on("/$state")[-1].payload == b"ready", "that it is back")
        run.finish([])
