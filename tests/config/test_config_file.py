"""The configuration file: what it sets, and that every fault is one sentence with its place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.cli import main
from backbeat.config import ConfigError, Settings, find, load
from backbeat.config.example import complete
from backbeat.config.load import parse
from backbeat.samples import SourceInfo

ROOT = Path(__file__).parents[2]
HERE = Path("/etc/backbeat/backbeat.toml")


def test_without_a_file_the_defaults_hold():
    assert load(None) == Settings()
    assert parse("", HERE) == Settings()
    assert Settings().broker() is None


def test_what_a_file_says_reaches_the_rooms():
    told = parse(
        """
        [runner]
        id = "sam"
        name = "Sam"
        [mount]
        position = "left_hip"
        up = "+z"
        [session]
        end_after_pause_s = 120
        [strain.drift]
        clear = 0.4
        [strain.alerts.overrides.impact_high]
        enabled = false
        [mqtt]
        host = "broker.local"
        ca_file = "ca.pem"
        tls = true
        commands = ["note", "shoe"]
        [recorder]
        folder = "/srv/runs"
        [speed]
        source = "treadmill"
        speed_km_h = 10.8
        """,
        HERE,
    )
    monitor = told.monitor()
    assert monitor.gait.up == "+z"
    assert monitor.session.end_after_pause_s == 120.0
    assert monitor.strain.drift.clear == 0.4
    assert monitor.strain.alerts.overrides["impact_high"].enabled is False
    broker = told.broker()
    assert broker is not None
    assert (broker.runner, broker.runner_name, broker.port) == ("sam", "Sam", None)
    assert broker.ca_file == Path("/etc/backbeat/ca.pem")  # relative to the file
    assert broker.commands == {"note", "shoe"}
    assert told.recorder.folder == Path("/srv/runs")
    assert told.worn(SourceInfo(name="x", origin="live")).position == "left_hip"
    assert [(c.kind, c.value) for c in told.context(0.0)] == [("speed_m_s", pytest.approx(3.0)), ("grade_pct", 0.0)]


FAULTS = [
    ("[strain.drift]\nclear = 12", "[strain.drift] clear = 12 is not a number from 0 to 0.9."),
    ("[strain.drift]\nclaer = 3", "[strain.drift] claer is not a setting here; did you mean clear?"),
    ("[straın]\n", "not TOML"),
    ("[strains]\n", "strains is not a section here; did you mean strain?"),
    ("colour = 3", "colour is not a section here; known are runner, sensor"),
    ("runner = 3", "runner = 3 is not a section of its own"),
    ("[runner]\nid = 'Sam'", "[runner] The runner 'Sam' cannot be a topic"),
    ("[mount]\nup = 'z'", '[mount] up = "z" is not one of "+x"'),
    ("[mount]\nforward = '+x'", "[mount] forward needs up too"),
    ("[mount]\nup = '+x'\nforward = '-x'", "are the same axis"),
    ("[session]\nend_after_pause_s = nan", "end_after_pause_s = nan is not a number from 30 to 7200."),
    ("[session]\nend_after_pause_s = '600'", 'end_after_pause_s = "600" is not a number from 30 to 7200.'),
    ("[strain.alerts]\nenabled = 1", "[strain.alerts] enabled = 1 is not true or false."),
    ("[strain.alerts.overrides.impact]\nenabled = true", "there is no alert 'impact'; there are impact_high"),
    ("[strain.alerts.overrides.impact_high]\nclear_s = -1", "overrides.impact_high] clear_s = -1 is not a number from"),
    ("[mqtt]\nuser = 'sam'", "[mqtt] host is missing; it takes text in quotes."),
    ("[mqtt]\nhost = 'h'\nport = 70000", "[mqtt] port = 70000 is not a whole number from 1 to 65535."),
    ("[mqtt]\nhost = 'h'\ncommands = ['dance']", "there is no command 'dance'; there are"),
    ("[mqtt]\nhost = 'h'\ncommands = [3]", "[mqtt.commands]"),
    ("[mqtt]\nhost = 'h'\ncert_file = 'c'", "without tls = true"),
    ("[speed]\nsource = 'treadmill'", '[speed] source = "treadmill" needs speed_km_h.'),
    ("[speed]\nsource = 'owntracks'", '[speed] source = "owntracks" needs topic'),
    ('[dashboard]\nhost = "0.0.0.0"', "[dashboard] Others can reach 0.0.0.0: name who may log in"),
    ('[dashboard]\ncertificate = "a.pem"', "[dashboard] Certificate and key go together; give both, or none."),
    ('[dashboard]\nteam = "Our Team"', "[dashboard] The team 'Our Team' cannot be a topic"),
    ("[recorder]\nfolder = 7", "[recorder] folder = 7 is not a path in quotes."),
    (
        "[recorder]\nfolder = '~no-such-user/runs'",
        '[recorder.folder] "~no-such-user" is the folder of a user who is not',
    ),
    ('[history]\nfolder = "a\\u0000b"', "[history.folder] a path has no zero character."),
    ("[runner]\nid = 'a'\nid = 'b'", "not TOML: Cannot overwrite a value"),
]


@pytest.mark.parametrize(("text", "told"), FAULTS)
def test_a_fault_is_one_sentence_with_its_place(text, told):
    with pytest.raises(ConfigError) as error:
        parse(text, HERE)
    sentence = str(error.value)
    assert told in sentence
    assert sentence.startswith(str(HERE))
    assert "\n" not in sentence


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError) as error:
        parse("a = 1\n[strain.drift]\nclear = 1\n[mqtt]\nport = 'x'\n[speed]\nsource = 'gps'", HERE)
    lines = str(error.value).splitlines()
    assert "has 5 faults:" in lines[0]
    assert len(lines) == 6


@pytest.mark.parametrize("name", ["password", "mqtt_password", "token", "secret"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(name):
    with pytest.raises(ConfigError) as error:
        parse(f"[mqtt]\nhost = 'h'\n{name} = 'hunter2-hunter2'", HERE)
    assert "password_file" in str(error.value)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(("data", "told"), [(b"\xff\xfe[\x00", "UTF-8"), (b"a=" + b"[" * 5000, "not TOML")])
def test_a_file_that_is_no_text_is_told(tmp_path, data, told):
    path = tmp_path / "backbeat.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=told):
        load(path)
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path)


@given(st.text(max_size=200))
@settings(deadline=None, derandomize=True)
def test_any_text_gives_settings_or_a_sentence(text):
    told = _told(text)
    assert not told or told.startswith(str(HERE))


_VALUES = st.recursive(
    st.none().map(lambda _: "x") | st.booleans() | st.integers(-10, 10**6) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
_PLACES = [
    match.groups()
    for match in re.finditer(r"(?m)^\[([\w.]+)\]|^# (\w+) = ", complete())  # sections and settings in their order
]


@given(st.integers(0, len(_PLACES) - 1), _VALUES)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_any_value_anywhere_is_taken_or_told_with_its_name(number, value):
    section = next(name for name, _ in reversed(_PLACES[: number + 1]) if name)
    setting = _PLACES[number][1] or "host"
    text = f"[{section}]\n{setting} = {_toml(value)}"
    told = _told(text)
    assert not told or section.split(".")[0] in told


def _told(text: str) -> str:
    """The sentence about the text; empty where it can be used."""
    try:
        parse(text, HERE)
    except ConfigError as error:
        return str(error)
    return ""


def _toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(c):08x}" for c in value if not 0xD800 <= ord(c) < 0xE000) + '"'
    return repr(value)


def test_the_complete_file_is_current():
    written = (ROOT / "config" / "backbeat.toml").read_text(encoding="utf-8")
    assert written == complete(), "run: backbeat config example > config/backbeat.toml"


def test_the_complete_file_changes_nothing():
    assert parse(complete(), HERE) == Settings()


def test_every_default_of_the_complete_file_is_the_default():
    lines = [line[2:] if re.match(r"# \w+ = (?!.*# not set)", line) else line for line in complete().splitlines()]
    text = "\n".join(lines).replace("\n[mqtt]\n", '\n[mqtt]\nhost = "localhost"\n')
    assert len(tomllib.loads(text)["mqtt"]) > 5
    told = parse(text, HERE)
    assert (told.strain, told.session, told.mount) == (Settings().strain, Settings().session, Settings().mount)
    assert told.recorder == Settings().recorder


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.toml")), ids=lambda path: path.name)
def test_what_a_user_copies_can_be_read(path):
    load(path)


def test_the_first_place_that_exists_is_taken(tmp_path):
    places = [tmp_path / "machine.toml", tmp_path / "user.toml"]
    assert find(places) is None
    places[1].touch()
    assert find(places) == places[1]
    places[0].touch()
    assert find(places) == places[0]


def test_the_commands(tmp_path, capsys):
    path = tmp_path / "backbeat.toml"
    path.write_text('[mqtt]\nhost = "localhost"\nuser = "sam"\npassword_file = "password"\n', encoding="utf-8")
    (tmp_path / "password").write_text("hunter2\n", encoding="utf-8")
    (tmp_path / "password").chmod(0o644)
    with pytest.raises(SystemExit) as end:
        main(["config", "check", str(path)])
    assert end.value.code == 2
    assert "chmod 600" in capsys.readouterr().err
    (tmp_path / "password").chmod(0o600)
    with pytest.raises(SystemExit) as end:
        main(["config", "check", str(path)])
    assert end.value.code == 0
    assert "all right" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["config", "example"])
    assert capsys.readouterr().out == complete()


def test_a_threshold_where_an_alert_has_none_is_refused_with_what_raises_it():
    with pytest.raises(ConfigError, match="warmup_missing has no threshold: it is raised by first five minutes faster"):
        parse("[strain.alerts.overrides.warmup_missing]\nthreshold = 3.0", HERE)
