"""The dashboard beside a demo: where it is installed, as soon as it is served."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from collections.abc import Callable
from typing import Self

from backbeat.dashboard.child import DashboardProcess
from backbeat.errors import UserError


class Page:
    """`backbeat dashboard` on a free port; where it is not installed the demo goes on without."""

    def __init__(self, broker: str, say: Callable[[str], None], *, browse: bool) -> None:
        """A page that is not yet served.

        Args:
            broker: its address.
            say: told where the page is, or why there is none; called on another thread.
            browse: open it in the user's browser too.
        """
        self._dashboard, self._say, self._browse = DashboardProcess(broker), say, browse
        self._follower = threading.Thread(target=self._follow, name="page", daemon=True)
        self._ended = False
        self.settled = threading.Event()
        """It is known where the page is, or why there is none."""

    def __enter__(self) -> Self:
        self._dashboard.launch()
        self._follower.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._dashboard.terminate()
        self._follower.join()
        self._dashboard.stop()

    def _follow(self) -> None:
        try:
            self._dashboard.wait_served()
        except UserError as error:
            if not self._ended:
                self._say(f"There is no page to look at: {error}")
        else:
            self._say(f"The page of the team: {self._dashboard.address}")
            if self._browse:
                webbrowser.open(self._dashboard.address)
        finally:
            self.settled.set()


def can_browse() -> bool:
    """Whether there is a screen that a browser could open on."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
