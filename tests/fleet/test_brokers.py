"""The same devices at three kinds of broker: they are as docs/scale.md says, and a killed node loses nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from backbeat.fleet.fleet import Fleet
from backbeat.fleet.player import Count
from backbeat.mqtt.settings import MqttSettings
from rigs.archive import Archive
from rigs.brokers import BROKERS
from rigs.nats_cluster import NatsCluster
from rigs.probe import QUESTIONS, probe
from rigs.scores import score

SCALE = Path(__file__).parents[2] / "docs" / "scale.md"

EACH_BROKER = [
    "Mosquitto",
    pytest.param("NATS, 3 nodes", marks=pytest.mark.slow),
    pytest.param("RabbitMQ, 3 nodes", marks=pytest.mark.slow),
]


def column(broker: str) -> dict[str, str]:
    """What the table in docs/scale.md says of a broker."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in SCALE.read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    head = next(row for row in rows if broker in row and "asked" in row)
    answers = rows[rows.index(head) + 2 :][: len(QUESTIONS)]
    return {row[0]: row[head.index(broker)] for row in answers}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("broker", EACH_BROKER)
def test_what_the_table_says_of_a_broker_is_what_it_does(broker: str, tmp_path: Path) -> None:
    with BROKERS[broker](tmp_path) as nodes:
        found = probe(nodes)
    assert column(broker) == dict(zip((question for question, _ in QUESTIONS), found, strict=True))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("broker", "runners", "killed"),
    [
        ("NATS, 3 nodes", 100, 0),
        ("NATS, 3 nodes", 100, 1),
        ("NATS, 3 nodes", 100, 2),
        ("RabbitMQ, 3 nodes", 40, 0),
        ("RabbitMQ, 3 nodes", 40, 1),
        ("RabbitMQ, 3 nodes", 40, 2),
    ],
)
def test_a_node_killed_in_the_middle_costs_no_alert_and_no_summary(
    broker: str, runners: int, killed: int, tmp_path: Path
) -> None:
    """Node 0 is the devices', node 1 the archive's, node 2 nobody's; a killed one is back after three seconds.

    RabbitMQ's own start may take more than three minutes then, and the devices wait for it.
    """
    begin: list[float] = []
    back: list[float] = []

    with BROKERS[broker](tmp_path) as nodes:
        fleet = Fleet(
            MqttSettings.from_url(nodes.url()), {"sam": score()}, runners=runners, seconds=10.0, end_patience_s=300.0
        )

        def power_cut(count: Count) -> None:
            if count.messages > 5 * runners and not begin:
                begin.append(time.monotonic())
                nodes.kill_node(killed)
            elif begin and not back and time.monotonic() - begin[0] > 3.0:
                back.append(time.monotonic())
                nodes.start_node(killed)

        with Archive(nodes.ports[1], nodes.ports[2]) as archive:
            played = fleet.play(power_cut)
            assert begin
            assert back
            archive.wait_for(played.keys, 240.0)  # a cluster on a busy machine elects and recovers at leisure
    assert played.count.connected == runners
    assert played.count.undelivered == 0
    assert len(played.keys) >= 5 * runners  # some may have begun another session
    if killed == 0:
        assert played.count.reconnects >= runners


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_device_whose_commands_a_cluster_at_its_limit_will_not_keep_says_so_and_tells_all_the_same(
    tmp_path: Path,
) -> None:
    """NATS takes so many subscriptions with QoS 1 as it was told, a thousand where nobody did; the reader has two."""
    devices, room = 8, 5
    with NatsCluster(tmp_path, consumers=2 + room) as nodes, Archive(nodes.ports[1]) as archive:
        fleet = Fleet(MqttSettings.from_url(nodes.url()), {"sam": score()}, runners=devices, seconds=5.0)
        played = fleet.play()
        archive.wait_for(played.keys)
    assert (played.count.connected, played.count.undelivered) == (devices, 0)
    refused = {text: times for text, times in played.troubles.items() if "does not let us read …/cmd/+" in text}
    assert list(refused.values()) == [devices - room]
