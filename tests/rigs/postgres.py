"""A real PostgreSQL as child processes on a free loopback port, to be killed and started again."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from rigs.mosquitto import free_port

START_PATIENCE_S = 60.0


def programs() -> Path | None:
    """The folder of initdb and postgres; Debian has one a version, and none of them on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Postgres:
    """A cluster of its own with an empty database; `port` stays the same over restarts.

    PostgreSQL refuses to run as root: then it runs as the user postgres, or nobody.
    """

    def __init__(self, bin_folder: Path) -> None:
        self.port = free_port()
        self._bin = bin_folder
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="backbeat-pg-", dir="/tmp"))  # short: a socket's path has a limit
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            user = next(name for name in ("postgres", "nobody") if _known(name))
            entry = pwd.getpwnam(user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self._as_user = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
        self._call("initdb", "-D", str(self.folder / "data"), "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync")

    def new_database(self) -> str:
        """The address of a database that nobody has used."""
        name = f"archive_{next(self._numbers)}"
        self._call("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tester", name)
        return f"postgresql://tester@127.0.0.1:{self.port}/{name}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all its processes so far, those that have ended included."""
        if self._process is None:
            return 0.0
        ticks = 0
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                of_process = entry.read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if self._process.pid in (int(entry.parent.name), int(of_process[1])):
                own_and_waited_for = slice(11, 15) if int(entry.parent.name) == self._process.pid else slice(11, 13)
                ticks += sum(int(each) for each in of_process[own_and_waited_for])
        return ticks / os.sysconf("SC_CLK_TCK")

    def start(self) -> Self:
        words = [str(self._bin / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        words += ["-k", str(self.folder), "-c", "listen_addresses=127.0.0.1"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*self._as_user, *words], stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"postgres ended at once:\n{self.log}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
            except OSError:
                time.sleep(0.02)
            else:
                if "ready to accept connections" in self.log.rpartition("starting PostgreSQL")[2]:
                    return self
        raise RuntimeError(f"postgres does not answer on {self.port}:\n{self.log}")

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stop it: SIGINT is its fast shutdown, SIGQUIT leaves it to recover from its log as after a crash."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(START_PATIENCE_S)

    def freeze(self) -> None:
        """All its processes stand still; what is sent to them is taken by the kernel."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on as if nothing had been."""
        self._signal_all(signal.SIGCONT)

    def restart(self, number: int = signal.SIGINT) -> None:
        self.stop(number)
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal_all(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it has ended
                if int(entry.read_text().rpartition(")")[2].split()[1]) == self._process.pid:
                    os.kill(int(entry.parent.name), number)

    def _call(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [*self._as_user, str(self._bin / program), *words], capture_output=True, text=True, cwd=self.folder
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")


def _known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
