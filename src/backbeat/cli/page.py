"""The dashboard beside a demo: in a process of its own, which ends with ours."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

from backbeat.mqtt.embedded import die_with_parent

ADDRESS = re.compile(r"https?://\S+")
START_PATIENCE_S = 60.0
STOP_PATIENCE_S = 5.0


class Page:
    """`backbeat dashboard` on a free port; where it is not installed the demo goes on without."""

    def __init__(self, broker: str, say: Callable[[str], None], *, browse: bool) -> None:
        """A page that is not yet served.

        Args:
            broker: its address.
            say: told where the page is, or why there is none; called on another thread.
            browse: open it in the user's browser too.
        """
        self._broker, self._say, self._browse = broker, say, browse
        self._process: subprocess.Popen[str] | None = None
        self._ended = False
        self.settled = threading.Event()
        """It is known where the page is, or why there is none."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 (our own command)
            [sys.executable, "-m", "backbeat", "dashboard", "--port", "0", "--mqtt", self._broker],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,  # Ctrl-C is for us; it ends when we say so
            preexec_fn=die_with_parent(),
        )
        self._follower = threading.Thread(target=self._follow, args=(self._process,), name="page", daemon=True)
        self._follower.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._follower.join(STOP_PATIENCE_S)
            if self._process.stdout:
                self._process.stdout.close()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        """Tell where the page is as soon as it is served, and read what the process says lest it wait for us."""
        said, told = "", False
        for line in process.stdout or ():
            said = line.strip() or said
            found = ADDRESS.search(line)
            if found and not told and _served(found[0], lambda: self._ended or process.poll() is not None):
                told = True
                self._say(f"The page of the team: {found[0]}")
                self.settled.set()
                if self._browse:
                    webbrowser.open(found[0])
        if not told and not self._ended:
            self._say(f"There is no page to look at: {said.removeprefix('backbeat: ')}")
        self.settled.set()


def can_browse() -> bool:
    """Whether there is a screen that a browser could open on."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _served(address: str, given_up: Callable[[], bool]) -> bool:
    """Wait until something listens there."""
    place = urlsplit(address)
    deadline = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < deadline and not given_up():
        try:
            socket.create_connection((place.hostname or "127.0.0.1", place.port or 80), 1.0).close()
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False
