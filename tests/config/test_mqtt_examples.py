"""What a user copies from config/ names topics and fields that exist, and runs where it can be run here."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import tomllib
import urllib.request
from pathlib import Path

import pytest

from backbeat.config.load import parse
from backbeat.mqtt.homeassistant import EXPIRE_AFTER_S, discovery
from backbeat.mqtt.payloads import Info
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.schemas import message_schema
from backbeat.mqtt.settings import MqttSettings
from backbeat.mqtt.topics import CHANNELS, Topics
from rigs.mosquitto import Mosquitto, free_port
from rigs.node_red import NodeRed
from rigs.reader import wait_until
from rigs.runs import INFO, a_run, readings

CONFIG = Path(__file__).parents[2] / "config"


def fields_of(topic: str) -> set[str]:
    """The fields of the channel that ends a topic filter."""
    name = topic.rpartition("/")[2]
    (channel,) = [c for c in CHANNELS if c.address == name]
    return set(message_schema(channel.name)["properties"])


def test_telegraf_names_topics_and_fields_that_exist() -> None:
    consumers = tomllib.loads((CONFIG / "telegraf/backbeat.conf").read_text())["inputs"]["mqtt_consumer"]
    assert len(consumers) == 2
    for consumer in consumers:
        (topic,) = consumer["topics"]
        assert topic == consumer["topic_parsing"][0]["topic"]
        assert re.fullmatch(r"backbeat/v1/\+/\+/\w+", topic)
        (parsed,) = consumer["json_v2"]
        paths = {entry["path"] for entry in parsed["field"] + parsed["tag"]}
        assert paths <= fields_of(topic)


def test_grafana_asks_for_what_telegraf_writes() -> None:
    consumers = tomllib.loads((CONFIG / "telegraf/backbeat.conf").read_text())["inputs"]["mqtt_consumer"]
    written = {
        consumer["topics"][0].rpartition("/")[2]: {entry["path"] for entry in consumer["json_v2"][0]["field"]}
        for consumer in consumers
    }
    dashboard = json.loads((CONFIG / "grafana/backbeat-dashboard.json").read_text())
    queries = [target["query"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(queries) == len(dashboard["panels"]) == 6
    for query in queries:
        (measurement,) = re.findall(r'r\._measurement == "(\w+)"', query)
        assert set(re.findall(r'r\._field == "(\w+)"', query)) <= written[measurement]


def test_home_assistant_s_cards_name_entities_that_are_announced() -> None:
    info = Info(
        software="", team="t", runner="r", runner_name="Sam", source="", rate_hz=None, acc_range_g=None,
        gyr_range_dps=None, position="unknown",
    )  # fmt: skip
    announced = discovery(Topics("r"), info)
    device = announced["dev"]["name"].lower().replace(" ", "_")
    entities = {
        f"{entity['p']}.{device}_{re.sub(r'[^a-z0-9]+', '_', entity['name'].lower())}"
        for entity in announced["cmps"].values()
    }
    for file in ("backbeat-cards.yaml", "backbeat-automation.yaml"):
        named = set(re.findall(r"\b(?:sensor|binary_sensor|event)\.\w+", (CONFIG / "homeassistant" / file).read_text()))
        assert named
        assert named <= entities


def test_the_broker_at_home_runs_as_it_is(mosquitto_program: str, tmp_path: Path) -> None:
    port = free_port()
    text = (CONFIG / "mosquitto/backbeat-home.conf").read_text().replace("listener 1883", f"listener {port}")
    config = tmp_path / "home.conf"
    config.write_text(f"user root\npersistence_location {tmp_path}/\n{text}")  # what Debian's mosquitto.conf sets
    with Mosquitto(mosquitto_program, tmp_path / "log", config=config, port=port) as broker:
        run = Publisher(MqttSettings.from_url(broker.url), INFO, report=print)
        run.wait_connected()
        run.finish([])


@pytest.mark.parametrize("folder", ["grafana", "homeassistant", "node-red", "telegraf"])
def test_each_example_has_its_steps_and_they_name_what_is_there(folder: str) -> None:
    page = (CONFIG / folder / "README.md").read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (CONFIG / folder / target).exists(), target
    files = {file.name for file in (CONFIG / folder).iterdir()} - {"README.md"}
    assert {name for name in files if name in page} == files
    assert re.search(r"(?m)^4\. |^3\. ", page)


def test_the_steps_name_settings_that_are_in_force() -> None:
    telegraf = tomllib.loads((CONFIG / "telegraf/backbeat.conf").read_text())["outputs"]["influxdb_v2"][0]
    page = (CONFIG / "telegraf/README.md").read_text()
    assert f"organisation `{telegraf['organization']}`" in page
    assert f"bucket `{telegraf['bucket']}`" in page
    assert telegraf["token"].removeprefix("$") + "=" in page
    home = (CONFIG / "homeassistant/README.md").read_text()
    text = "\n".join(line.strip() for line in home.splitlines() if line.startswith("        ")).replace("…", "broker")
    settings = parse(text, CONFIG / "README").broker()
    assert settings is not None
    assert (settings.homeassistant, settings.runner_name) == (True, "Sam")
    assert f"unavailable {EXPIRE_AFTER_S} s" in home


def node_red() -> str:
    program = os.environ.get("NODE_RED") or shutil.which("node-red")
    if program is None:
        pytest.skip("Node-RED is not installed (npm install node-red; NODE_RED names its program)")
    return program


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_node_red_imports_the_flow_and_shows_a_live_value(mosquitto: Mosquitto, tmp_path: Path) -> None:
    server = NodeRed(node_red(), mosquitto.port, tmp_path)
    topics = [node["topic"] for node in server.flow if node["type"] == "mqtt in"]
    assert topics
    assert all(fields_of(topic) for topic in topics)
    with server:
        run = Publisher(MqttSettings.from_url(f"{mosquitto.url}?team=red&runner=anna"), INFO, report=print)
        run.wait_connected()
        for second, events in enumerate(a_run()):
            run.take(readings(second, 1.0), events)

        def shown() -> bool:
            with urllib.request.urlopen(server.page, timeout=10) as answer:
                text = html.unescape(answer.read().decode())
            return "<td>red/anna</td><td>running</td><td>170</td>" in text and "anna: impact_high right raised" in text

        wait_until(shown, "the figures on the page", 60)
        run.finish([])
