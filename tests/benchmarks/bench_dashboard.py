"""Fifty runners on one page in Chromium: from a message to the page, and what the server costs; a phone's slow link.

Run: make bench ARGS=tests/benchmarks/bench_dashboard.py
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from backbeat.dashboard.child import DashboardProcess
from rigs.device import Device
from rigs.mosquitto import Mosquitto

RUNNERS, SECONDS, ALERTS = 50, 30.0, 15
PATIENCE_MS = 60_000


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


def seen(page: Page, words: str) -> None:
    page.wait_for_function(
        "words => document.body.innerText.includes(words)", arg=words, polling=10, timeout=PATIENCE_MS
    )


def bench_fifty_runners(mosquitto: Mosquitto, figure: Callable[[str], None]) -> None:
    with DashboardProcess(mosquitto.url) as served, ExitStack() as stack, sync_playwright() as playwright:
        devices = [stack.enter_context(Device(mosquitto.port, f"r{k:02}")) for k in range(RUNNERS)]
        for device in devices[:-1]:  # the last one says what is measured
            device.run()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(served.address)
        seen(page, f"{RUNNERS} runners · {RUNNERS - 1} running")
        assert served.process is not None
        pid, start, before = served.process.pid, time.monotonic(), cpu_s(served.process.pid)
        time.sleep(SECONDS)
        share = (cpu_s(pid) - before) / (time.monotonic() - start)
        figure(f"dashboard, {RUNNERS} runners, one page: {100 * share:.1f} % of a core, {resident_mb(pid):.0f} MB")
        delays, seconds = [], []
        for k in range(ALERTS):
            sent = time.monotonic()
            devices[k].alert()
            seen(page, f"R{k:02}: Impact high, right")
            delays.append(time.monotonic() - sent)
            sent = time.monotonic()
            devices[-1].live(impact_peak_g=5.0 + k / 100)
            seen(page, f"{5.0 + k / 100:.2f}")
            seconds.append(time.monotonic() - sent)
            time.sleep(0.37)  # at another part of the page's second each time
        for name, each in (("alert", delays), ("second", seconds)):
            middle, worst = statistics.median(each), max(each)
            figure(f"dashboard, {name} to page: median {1000 * middle:.0f} ms, worst of {ALERTS} {1000 * worst:.0f} ms")
        browser.close()


LINK = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""A slow phone's: 400 ms there and back, 400 kbit/s (Chromium holds web sockets back by neither)."""


def bench_slow_link(mosquitto: Mosquitto, figure: Callable[[str], None]) -> None:
    with DashboardProcess(mosquitto.url) as served, ExitStack() as stack, sync_playwright() as playwright:
        for name in ("ada", "bob", "cleo", "dan", "eve", "finn"):
            stack.enter_context(Device(mosquitto.port, name)).run()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        phone = browser.new_context(viewport={"width": 390, "height": 844})
        for path in ("/", "/runner/home/ada", "/me/home/ada"):
            for visit in ("first", "again"):
                page = phone.new_page()
                link = phone.new_cdp_session(page)
                loaded: list[float] = []
                link.on("Network.loadingFinished", lambda end, to=loaded: to.append(end["encodedDataLength"]))
                link.send("Network.enable")
                link.send("Network.emulateNetworkConditions", LINK)
                start = time.monotonic()
                page.goto(served.address + path, wait_until="commit", timeout=PATIENCE_MS)
                page.get_by_text("Running").first.wait_for(timeout=PATIENCE_MS)
                shown = time.monotonic() - start
                size = sum(loaded) / 1000
                figure(f"dashboard, slow link, {path} {visit}: shown after {shown:.1f} s, {size:.0f} kB")
                page.close()
        browser.close()
