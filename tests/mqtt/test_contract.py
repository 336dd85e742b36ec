"""The written contract is that of the code, and what is really published keeps to it."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from backbeat.events import SignalQuality, Symmetry
from backbeat.gait.quality import PROBLEMS
from backbeat.mqtt.commands import COMMANDS, InvalidCommandError, read_command
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.schemas import BODIES, documents
from backbeat.mqtt.settings import MqttSettings
from backbeat.mqtt.topics import CHANNELS
from backbeat.samples import Context
from rigs.mosquitto import Mosquitto
from rigs.reader import Reader, wait_until
from rigs.runs import INFO, a_run, ended, readings, summary

FOLDER = Path(__file__).parents[2] / "docs" / "mqtt"
DOCUMENTS = documents()


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(DOCUMENTS[f"{name}.schema.json"])


def test_the_documents_are_those_of_the_code() -> None:
    written = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in FOLDER.glob("*.json")}
    assert written == DOCUMENTS, "run: python -m backbeat.mqtt.schemas docs/mqtt"


def test_the_page_names_every_problem_of_a_signal() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    _, _, table = page.partition("| name | meaning |")
    rows = itertools.takewhile(lambda line: line.startswith("|"), table.strip().splitlines())
    assert {name for row in rows for name in re.findall("`([a-z]+)`", row)} == set(PROBLEMS)


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name.endswith(".schema.json")])
def test_each_schema_is_one_and_explains_every_field(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENTS[name])
    unexplained = [field for field, entry in DOCUMENTS[name]["properties"].items() if not entry.get("description")]
    assert unexplained == [] or name.startswith(("session-summary", "session-last")), unexplained


def channel_of(topic: str) -> str:
    """The channel of a full topic."""
    levels = topic.removeprefix("backbeat/v1/home/runner/").split("/")
    for channel in CHANNELS:
        pattern = channel.address.split("/")
        if len(pattern) == len(levels) and all(
            "{" in p or p == level for p, level in zip(pattern, levels, strict=True)
        ):
            return channel.name
    raise AssertionError(topic)


def test_what_is_really_published_keeps_to_the_contract(mosquitto: Mosquitto) -> None:
    with Reader(mosquitto.port, "backbeat/#") as reader:
        run = Publisher(MqttSettings.from_url(f"{mosquitto.url}?steps=yes&commands=shoe"), INFO, report=print)
        run.wait_connected()
        for second, told in enumerate(a_run(alerts=2)):
            run.take(readings(second, 1.0), told)
        quality = SignalQuality(time=1.0, known_at=1.0, quality=0.5, problems={"loose": "The strap is loose."})
        symmetry = Symmetry(start=0.0, end=1.0, known_at=1.0, steps_left=9, steps_right=9, impact_pct=7.5)
        run.take(readings(120.0, 1.0), [quality, symmetry])
        run.take(Context(121.0, "pain", {"value": 3, "when": "during"}), [])
        wait_until(lambda: bool(reader.on("/notes")), "the notes")
        reader.publish("backbeat/v1/home/runner/cmd/shoe", b'{"id": "1", "shoe": "blue"}')
        reader.publish("backbeat/v1/home/runner/cmd/ack", b'{"session": "20250615-151000", "seq": 1, "by": "Jo"}')
        reader.wait_for("/reply/ack")
        run.finish([ended(122.0), summary(122.0)])
        reader.wait_for("/session/last")
        wait_until(lambda: reader.on("/status")[-1].json["state"] == "offline", "the end")
    seen = set()
    for got in reader.got:
        channel = channel_of(got.topic)
        seen.add(channel)
        if channel != "command":
            errors = [error.message for error in validator(channel).iter_errors(got.json)]
            assert errors == [], (got.topic, errors)
            undocumented = got.json.keys() - DOCUMENTS[f"{channel}.schema.json"]["properties"].keys()
            assert undocumented == set(), (got.topic, undocumented)
    assert seen == {*BODIES, "command"}


VALUES = st.none() | st.booleans() | st.integers(-20, 20) | st.floats(-20.25, 20.25).map(lambda x: int(x) + 0.5)
VALUES |= st.sampled_from(["start", "pain", "during", "", "x", "y" * 70])


@settings(deadline=None, derandomize=True, max_examples=400)
@given(st.data())
def test_a_command_is_accepted_if_and_only_if_its_schema_says_so(data: Any) -> None:
    name = data.draw(st.sampled_from(list(COMMANDS)))
    fields = [*DOCUMENTS[f"cmd-{name}.schema.json"]["properties"], "other"]
    body = data.draw(st.dictionaries(st.sampled_from(fields), VALUES))
    try:
        read_command(name, json.dumps(body).encode())
        accepted = True
    except InvalidCommandError:
        accepted = False
    assert validator(f"cmd-{name}").is_valid(body) == accepted, body


def test_the_asyncapi_document_names_every_channel_and_its_references_hold() -> None:
    document = DOCUMENTS["asyncapi.json"]
    assert document["asyncapi"].startswith("3.")
    addresses = {entry["address"] for entry in document["channels"].values()}
    root = "backbeat/v1/{team}/{runner}/"
    assert {f"{root}{c.address}" for c in CHANNELS if c.name != "command"} <= addresses
    assert {f"{root}cmd/{name}" for name in COMMANDS} <= addresses
    for name, entry in document["channels"].items():
        assert entry["messages"][name]["payload"]["$ref"].removeprefix("./") in DOCUMENTS
        assert set(entry["parameters"]) == {p.split("}")[0] for p in entry["address"].split("{")[1:]}
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in document["channels"]
        assert operation["bindings"]["mqtt"]["qos"] in (0, 1)
