"""What an installation lays down: the script, the unit, the locked packages. The whole way: tests/install/chroot.sh."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
UNIT = CONFIG / "systemd" / "backbeat.service"
I2C_LINE = "dtparam=i2c_arm=on,i2c_arm_baudrate=400000"


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def unit(tmp_path):
    """The unit with a program that exists here, since systemd looks for it."""
    copy = tmp_path / "backbeat.service"
    text, count = re.subn(r"(?m)^ExecStart=.*$", "ExecStart=/bin/true", UNIT.read_text(encoding="utf-8"))
    assert count == 1
    copy.write_text(text, encoding="utf-8")
    return copy


def test_systemd_takes_the_unit(unit):
    done = run(program("systemd-analyze"), "verify", "--recursive-errors=one", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_is_sandboxed(unit):
    done = run(program("systemd-analyze"), "security", "--offline=true", "--no-pager", "--threshold=25", unit)
    assert done.returncode == 0, done.stdout
    level = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert level is not None
    assert float(level[1]) < 2.5


def test_what_the_service_writes_is_for_its_own_eyes():
    """Recordings and outbox; the folder is that of the unit and of the script."""
    unit, script = UNIT.read_text(encoding="utf-8"), (CONFIG / "install.sh").read_text(encoding="utf-8")
    assert "\nUMask=0077\n" in unit
    assert "\nStateDirectoryMode=0750\n" in unit
    assert 'install -d -m 0750 -o backbeat -g backbeat "$state"' in script


def test_a_fault_in_the_unit_would_be_seen(unit):
    unit.write_text(
        unit.read_text(encoding="utf-8").replace("Type=notify", "Type=notify\nRestrat=yes"), encoding="utf-8"
    )
    assert run(program("systemd-analyze"), "verify", "--recursive-errors=one", unit).returncode == 1


def test_the_unit_runs_what_the_script_installs():
    unit, script = UNIT.read_text(encoding="utf-8"), (CONFIG / "install.sh").read_text(encoding="utf-8")
    home, state, etc = (re.search(rf"(?m)^{name}=(\S+)$", script)[1] for name in ("home", "state", "etc"))
    assert f"ExecStart={home}/current/bin/backbeat run --settings {etc}/backbeat.toml" in unit
    assert f"StateDirectory={Path(state).name}" in unit
    for group in re.search(r"SupplementaryGroups=(.*)", unit)[1].split():
        assert f"groupadd --system {group}" in script


def test_the_scripts_are_clean():
    done = run(program("shellcheck"), CONFIG / "install.sh", *sorted((ROOT / "tests" / "install").glob("*.sh")))
    assert (done.returncode, done.stdout) == (0, "")


def staged(root: Path) -> dict[str, str]:
    done = run(CONFIG / "install.sh", "stage", root)
    assert done.returncode == 0, done.stderr
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in root.rglob("*") if path.is_file()}


def test_laying_the_files_twice_is_laying_them_once(tmp_path):
    boot = tmp_path / "boot" / "firmware" / "config.txt"
    boot.parent.mkdir(parents=True)
    boot.write_text("[pi4]\narm_boost=1\n", encoding="utf-8")
    first = staged(tmp_path)
    assert first["boot/firmware/config.txt"].splitlines()[-1] == I2C_LINE
    assert "[all]" in first["boot/firmware/config.txt"]  # the line holds for every model
    assert "etc/systemd/system/backbeat.service" in first
    assert "etc/udev/rules.d/90-backbeat.rules" in first
    assert staged(tmp_path) == first


def test_a_configuration_that_is_there_stays(tmp_path):
    mine = tmp_path / "etc" / "backbeat" / "backbeat.toml"
    mine.parent.mkdir(parents=True)
    mine.write_text("# mine\n", encoding="utf-8")
    files = staged(tmp_path)
    assert files["etc/backbeat/backbeat.toml"] == "# mine\n"
    assert files["etc/backbeat/backbeat.toml.complete"] == (CONFIG / "backbeat.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(("words", "told"), [(["dance"], "unknown word 'dance'"), (["stage"], "name a folder")])
def test_the_script_says_what_it_takes(words, told):
    done = run(CONFIG / "install.sh", *words)
    assert done.returncode == 1
    assert told in done.stderr


def locked() -> dict[str, list[str]]:
    """Each package of the lock with its versions."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"(?m)^([a-z0-9-]+)==([^\s;]+)", (CONFIG / "requirements.txt").read_text()):
        found.setdefault(name, []).append(version)
    return found


def test_every_dependency_is_locked_with_hashes_and_no_registry():
    text = (CONFIG / "requirements.txt").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = [*project["dependencies"], *project["optional-dependencies"]["gpio"]]
    names = {re.match(r"[A-Za-z0-9_-]+", dependency)[0].lower() for dependency in installed}
    assert names <= locked().keys(), "run: make lock"
    for package in re.split(r"(?m)^(?=[a-z0-9])", text)[1:]:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", package), package.splitlines()[0]
    assert "://" not in text
    assert "index-url" not in text


def test_the_list_of_parts_is_that_of_the_lock():
    parts = json.loads((CONFIG / "sbom.json").read_text(encoding="utf-8"))
    assert parts["bomFormat"] == "CycloneDX"
    listed: dict[str, list[str]] = {}
    for part in parts["components"]:
        listed.setdefault(part["name"], []).append(part["version"])
        assert part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}"
    assert listed == locked(), "run: make lock"
