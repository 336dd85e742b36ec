"""Fetching public recordings, from a server of our own on loopback."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from backbeat.cli import main
from backbeat.errors import UserError
from backbeat.logbook import datasets
from backbeat.logbook.source import open_recording
from backbeat.samples import Samples, joined

ACTIGRAPH = (
    "------------ Data File Created By ActiGraph GT3X+ at 100 Hz  Filter Normal -----------\r\nSerial Number: X\r\n"
    "--------------------\r\nTimestamp,Accelerometer X,Accelerometer Y,Accelerometer Z\r\n"
    + "".join(f"4/28/2023 17:43:{i // 100:02d}.{i % 100:02d}0,-0.195,-1.023,{i % 7 / 100}\r\n" for i in range(300))
).encode()
IPOL = (
    "Acquisition frequency: 100 Hz\nPacketCounter\tAcc_X\tAcc_Y\tAcc_Z\tGyr_X\tGyr_Y\tGyr_Z\tMag_X\tMag_Y\tMag_Z\n"
    + "".join(f"{i}.0\t9.8\t0.1\t{i % 5}\t0.01\t-0.02\t0.03\t0\t0\t0\n" for i in range(200))
).encode()


class Server(http.server.BaseHTTPRequestHandler):
    content: ClassVar[dict[str, bytes]] = {}
    cut = False

    def do_GET(self) -> None:
        body = self.content.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write((body or b"")[: 100 if self.cut else None])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Server, "content", {"/owner/name/abc/a.csv": ACTIGRAPH, "/owner/name/abc/b.txt": IPOL})
    monkeypatch.setattr(Server, "cut", False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def dataset(path: str, content: bytes, form: str) -> datasets.Dataset:
    files = {"one": datasets.RemoteFile(path, hashlib.sha256(content).hexdigest(), form)}
    return datasets.Dataset("tiny", "Two seconds", "MIT", "owner/name", "abc", files)


def instead(path: str) -> datasets.Dataset:
    return replace(LMU, files={"one": datasets.RemoteFile(path, "0" * 64, "actigraph")})


LMU, GAIT = dataset("a.csv", ACTIGRAPH, "actigraph"), dataset("b.txt", IPOL, "ipol")


def test_fetched_checked_and_converted(mirror: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = datasets.fetch(LMU, tmp_path / "to", tmp_path / "cache", mirror=mirror)
    assert path == tmp_path / "to" / "tiny" / "one" / "imu.csv"
    block = joined([b for b in open_recording(path, strict=True) if isinstance(b, Samples)])
    assert block.acc[0].tolist() == [-1.9123, -10.0322, 0.0]
    assert block.time.tolist() == pytest.approx(np.arange(300) / 100)
    monkeypatch.setattr(Server, "content", {})  # what is there is not fetched again
    assert datasets.fetch(LMU, tmp_path / "to", tmp_path / "cache", mirror=mirror) == [path]


def test_a_gyroscope_comes_too(mirror: str, tmp_path: Path) -> None:
    (path,) = datasets.fetch(GAIT, tmp_path / "to", tmp_path / "cache", mirror=mirror)
    block = joined([b for b in open_recording(path, strict=True) if isinstance(b, Samples)])
    assert block.gyr is not None
    assert block.gyr[7].tolist() == [0.01, -0.02, 0.03]
    assert len(block) == 200


def told(tmp_path: Path, wanted: datasets.Dataset, mirror: str) -> str:
    with pytest.raises(UserError) as error:
        datasets.fetch(wanted, tmp_path / "to", tmp_path / "cache", mirror=mirror)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.rglob("*.csv"))
    return str(error.value)


def test_a_wrong_check_sum(mirror: str, tmp_path: Path) -> None:
    assert "check sum is wrong" in told(tmp_path, instead("a.csv"), mirror)


def test_a_cut_connection(mirror: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "cut", True)
    assert "connection was cut" in told(tmp_path, LMU, mirror)


def test_a_file_that_is_gone(mirror: str, tmp_path: Path) -> None:
    assert "the server answers 404" in told(tmp_path, instead("x.csv"), mirror)


def test_no_network(tmp_path: Path) -> None:
    assert "cannot be reached; check the network" in told(tmp_path, LMU, "http://127.0.0.1:9")


def test_the_command_asks_for_the_licence(
    mirror: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(datasets, "known", lambda: {"tiny": GAIT})
    monkeypatch.setattr("typer.confirm", lambda _: False)
    where = ["--to", str(tmp_path / "to"), "--mirror", mirror]
    with pytest.raises(SystemExit) as end:
        main(["datasets", "fetch", "tiny", *where])
    assert end.value.code == 2
    told = capsys.readouterr()
    assert "licence MIT" in told.out
    assert "not accepted" in told.err
    with pytest.raises(SystemExit) as end:
        main(["datasets", "fetch", "tiny", "--accept-licence", *where])
    assert end.value.code == 0
    assert (tmp_path / "to" / "tiny" / "one" / "imu.csv").exists()
    with pytest.raises(SystemExit) as end:
        main(["datasets", "fetch", "nothing"])
    assert "there are tiny" in capsys.readouterr().err


def test_every_known_set_is_pinned(capsys: pytest.CaptureFixture[str]) -> None:
    for name, known in datasets.known().items():
        assert len(known.commit) >= 8
        for file in known.files.values():
            assert file.format in datasets.FORMATS
            assert len(file.sha256) == 64
        with pytest.raises(SystemExit):
            main(["datasets", "list"])
        assert name in capsys.readouterr().out


def test_every_set_of_the_shared_list_is_known_by_its_check_sums(recordings: Path) -> None:
    listed = (recordings / "sources.sha256").read_text().split("\n")
    sums = {line.split()[0]: line.split()[1] for line in listed if line}
    known = {file.sha256: file.path for one in datasets.known().values() for file in one.files.values()}
    assert set(known) <= set(sums)
    for sha256, path in known.items():
        assert sums[sha256].endswith(path.rsplit("/", 1)[-1])
    folders = {path.split("/")[0] for sha256, path in sums.items() if sha256 in known}
    assert folders == {path.split("/")[0] for path in sums.values()}
