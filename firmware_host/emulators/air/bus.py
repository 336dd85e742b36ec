"""A private D-Bus daemon that takes the system bus's place for this process."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from backbeat.errors import SourceError

VARIABLE = "DBUS_SYSTEM_BUS_ADDRESS"
"""Where D-Bus clients, bleak among them, look for the system bus."""

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class PrivateBus:
    """dbus-daemon as a child process, from construction to `close`."""

    def __init__(self) -> None:
        program = shutil.which("dbus-daemon")
        if program is None:
            raise SourceError("an emulated Bluetooth sensor needs dbus-daemon: install the package dbus.")
        self._folder = tempfile.TemporaryDirectory(prefix="backbeat-bus-")
        socket = Path(self._folder.name) / "bus"
        settings = Path(self._folder.name) / "bus.conf"
        settings.write_text(CONFIGURATION.format(socket=socket), encoding="utf-8")
        self._before = os.environ.get(VARIABLE)
        self._child = subprocess.Popen(  # noqa: S603 - found by name, with a file of our own
            [program, f"--config-file={settings}", "--nofork", "--nopidfile", "--print-address"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if self._child.stdout is None or not (address := self._child.stdout.readline().strip()):
            self.close()
            raise SourceError("dbus-daemon does not start; try `dbus-daemon --session --print-address` by hand.")
        os.environ[VARIABLE] = address

    def close(self) -> None:
        """End it and give the environment back as it was."""
        if self._child.poll() is None:
            self._child.terminate()
        self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._folder.cleanup()
        if self._before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = self._before
