"""An archive in a bucket: a real S3 server on loopback, read through fsspec and s3fs by the command's own processes."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from rigs.mosquitto import free_port
from rigs.reader import wait_until
from rigs.shelves import recording, shelve

NAMES = {"anna/monday.mcap": 1, "anna/tuesday.csv": 2, "ben/monday.mcap": 3}
PATIENCE_S = 180.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Bucket:
    """A bucket called runs at a server of its own."""

    def __init__(self, folder: Path) -> None:
        self.address = f"http://127.0.0.1:{(port := free_port())}"
        words = ["-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        with (folder / "s3.log").open("wb") as log:
            self._process = subprocess.Popen([sys.executable, *words], stdout=log, stderr=log)
        wait_until(lambda: self._answers() or self._process.poll() is not None, "the S3 server", PATIENCE_S)
        self.put("", b"")

    def put(self, path: str, content: bytes) -> None:
        signed = "AWS4-HMAC-SHA256 Credential=someone/20260501/us-east-1/s3/aws4_request"  # it looks no closer
        head = {"Content-Type": "application/octet-stream", "Authorization": signed}
        call = urllib.request.Request(f"{self.address}/runs/{path}".rstrip("/"), content, head, method="PUT")
        with urllib.request.urlopen(call, timeout=PATIENCE_S):
            pass

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.address, timeout=5.0):
                return True
        except OSError:
            return False

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    made = Bucket(tmp_path)
    yield made
    made.close()


def reprocess(archive: str | Path, out: Path, endpoint: str, key: str = "someone") -> tuple[int, str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    aws = {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    if key:
        aws |= {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": key}
    call = [sys.executable, "-m", "backbeat", "reprocess", str(archive), "--out", str(out), "--workers", "2"]
    aws |= {"HOME": str(out.parent), "AWS_MAX_ATTEMPTS": "1"}
    done = subprocess.run(call, env=own | aws, capture_output=True, text=True, timeout=PATIENCE_S)
    return done.returncode, done.stdout, done.stderr


def results(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*.jsonl"))}


def test_a_bucket_gives_what_a_folder_gives_and_what_changes_is_done_again(bucket: Bucket, tmp_path: Path) -> None:
    here = tmp_path / "here"
    assert reprocess(shelve(tmp_path / "archive", NAMES), here, bucket.address)[0] == 0
    for name, seed in NAMES.items():
        bucket.put(name, recording(40, seed, Path(name).suffix))
    bucket.put("anna/notes.txt", b"not looked at")
    out = tmp_path / "out"
    code, told, faults = reprocess("s3://runs", out, bucket.address)
    assert (code, "3 analysed, 0 as before, 0 failed" in told) == (0, True), (told, faults)
    assert results(out) == results(here)
    assert len(results(out)) == 3
    bucket.put("anna/monday.mcap", recording(40, 7, ".mcap"))
    code, told, faults = reprocess("s3://runs", out, bucket.address)
    assert (code, "1 analysed, 2 as before, 0 failed" in told) == (0, True), (told, faults)
    bucket.put("anna/monday.mcap", b"cut off")
    code, told, faults = reprocess("s3://runs/anna", tmp_path / "anna", bucket.address)
    assert (code, "1 analysed, 0 as before, 1 failed" in told) == (1, True), (told, faults)
    assert set(results(tmp_path / "anna")) == {"tuesday.jsonl"}


def test_a_bucket_that_is_not_there_or_not_ours_is_one_sentence(bucket: Bucket, tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    for archive, endpoint, key, sentence in (
        ("s3://runs", bucket.address, "someone", "no recording"),
        ("s3://others", bucket.address, "someone", "s3://others"),
        ("s3://runs", nobody, "someone", "cannot be listed"),
        ("s3://runs", nobody, "", "cannot be listed"),
    ):
        code, _, faults = reprocess(archive, tmp_path / "out", endpoint, key)
        assert (code, faults.count("\n"), sentence in faults) == (2, 1, True), faults
