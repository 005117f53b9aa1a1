"""A headless browser without another dependency: Chromium's DevTools protocol over two pipes."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from posegan_plugin.visualization import save_image

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",  # reads file descriptor 3, writes 4
)
# Puts the two pipes where Chromium expects them, whatever numbers they have, and becomes Chromium.
LAUNCH = """
import fcntl, os, sys
pipes = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3]]
os.dup2(pipes[0], 3), os.dup2(pipes[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
# What a page may say to its developer, or fetch.
EVENTS = (
    "Log.entryAdded",
    "Runtime.consoleAPICalled",
    "Runtime.exceptionThrown",
    "Network.requestWillBeSent",
)
SECONDS = 60


class Browser:
    """One tab; each message is JSON that ends in a zero byte."""

    def __init__(self, to_browser, from_browser):
        self._out, self._in = to_browser, from_browser
        self._buffer, self._number, self._events = b"", 0, []
        self._session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """Call a method of the protocol and return its result; events are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            self._events.append(answer)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _receive(self):
        while b"\0" not in self._buffer:
            assert select.select([self._in], [], [], SECONDS)[0], "the browser says nothing"
            part = os.read(self._in, 1 << 20)
            assert part, "the browser has gone"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def open(self, path, width, height, dark=False):
        """Load a page at a window size; what it said and fetched."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.call("Emulation.setDeviceMetricsOverride", **size, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._events.clear()
        self.call("Page.navigate", url=path.resolve().as_uri())
        end = time.monotonic() + SECONDS
        while not any(e.get("method") == "Page.loadEventFired" for e in self._events):
            assert time.monotonic() < end, "the page did not load"
            self._events.append(self._receive())
        self.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        said = [e for e in self._events if e.get("method") in EVENTS]
        fetched = [
            e["params"]["request"]["url"]
            for e in said
            if e["method"] == "Network.requestWillBeSent"
        ]
        return [e for e in said if e["method"] != "Network.requestWillBeSent"], fetched

    def evaluate(self, expression):
        """The value of a JavaScript expression on the page."""
        result = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def screenshot(self, path):
        """The whole page as a PNG."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))


@contextlib.contextmanager
def running_browser(profile):
    """Start Chromium with a fresh profile, and end it."""
    commands, to_browser = os.pipe()
    from_browser, answers = os.pipe()
    pipes = map(str, (commands, answers))
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, *pipes, CHROMIUM, *FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(commands, answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands)
    os.close(answers)
    try:
        yield Browser(to_browser, from_browser)
    finally:
        process.terminate()
        process.wait(SECONDS)
        os.close(to_browser)
        os.close(from_browser)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A headless Chromium."""
    if CHROMIUM is None or sys.platform == "win32":
        pytest.skip("no chromium or google-chrome on PATH")
    version = subprocess.run([CHROMIUM, "--version"], capture_output=True, timeout=SECONDS)
    if version.returncode:  # a stub that wants to install it
        pytest.skip(f"{CHROMIUM} does not start: {version.stderr.decode(errors='replace')}")
    with running_browser(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture(scope="session")
def write_run():
    """Writes a work dir as mmengine leaves it: 4 epochs of 50 iterations, two evaluations."""

    def write(folder, r1=(20.0, 50.0), starts=("20260101_000000",), pictures=True):
        for start in starts:
            (folder / start / "vis_data").mkdir(parents=True)
        newest = folder / starts[-1]
        records = [
            {"loss": 400 / i, "reid.lr": 0.01, "epoch": 1 + (i - 1) // 50, "iter": i, "step": i}
            for i in range(10, 201, 10)
        ]
        for epoch, value in zip((2, 4), r1, strict=True):
            scores = {"reid/R1": value, "reid/R5": value + 10, "reid/mAP": value / 2}
            records.append({**scores, "transfer/SSIM": 0.25, "step": epoch})
        text = "".join(json.dumps(record) + "\n" for record in records)
        (newest / "vis_data" / "scalars.json").write_text(text)
        (newest / "vis_data" / "config.py").write_text(f"r1 = {r1}\nmax_epochs=8\n")
        header = f"System environment:\n    Python: 3.11\n    OpenCV: <5>\n{'-' * 60}\n"
        (newest / f"{newest.name}.log").write_text(header)
        (folder / "epoch_4.pth").write_bytes(b"x" * 2_000_000)
        if pictures:
            picture = np.full((90, 1400, 3), 128, np.uint8)
            for kind in ("epoch", "ranked_epoch"):
                save_image(folder / "pictures" / f"{kind}_004.png", picture)
        return folder

    return write


@pytest.fixture
def make_run(write_run, tmp_path):
    """As ``write_run``, into a folder of the test."""
    return lambda name="work", **options: write_run(tmp_path / name, **options)
