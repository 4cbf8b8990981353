"""Debian's Firefox, driven by WebDriver BiDi, and WebKit, driven by W3C WebDriver."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from websockets.sync.client import connect

from tests.waiting import until

PATIENCE_S = 90.0
"""Timeout for two browsers that draw in software on a busy machine."""
WIDTH, HEIGHT = 1000, 700
SOFTWARE = {"LIBGL_ALWAYS_SOFTWARE": "1", "GDK_BACKEND": "x11", "NO_AT_BRIDGE": "1"}
FIREFOX_PREFERENCES = {
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "extensions.update.enabled": False,
    "webgl.force-enabled": True,
}


class Engine(ABC):
    """A browser with one page; `errors` has the console's errors if they can be read."""

    errors: list[str]

    @abstractmethod
    def begin(self) -> None:
        """Wait until the browser answers, and create a page."""

    @abstractmethod
    def close(self) -> None:
        """End the browser."""

    @abstractmethod
    def open(self, url: str) -> None:
        """Open an address."""

    @abstractmethod
    def value(self, expression: str) -> Any:
        """Return the value of a JavaScript expression on the page."""

    @abstractmethod
    def click(self, selector: str) -> None:
        """Click the middle of an element with the mouse."""

    @abstractmethod
    def picture(self) -> bytes:
        """Return a screenshot as PNG."""

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        until(lambda: self.value(f"Boolean({condition})"), PATIENCE_S, lambda: condition)


class Process:
    """A program, with its lines of output."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, said: IO[str]) -> None:
        self.lines.extend(said)

    def wait_for(self, pattern: str) -> str:
        """Wait for a line with a pattern, and return the pattern's first group."""

        def found() -> re.Match[str] | None:
            assert self._process.poll() is None, f"it ended:\n{''.join(self.lines)}"
            return next(filter(None, (re.search(pattern, line) for line in list(self.lines))), None)

        match = until(found, PATIENCE_S, lambda: f"it never said {pattern!r}:\n{''.join(self.lines)}")
        assert match is not None
        return match[1]

    def end(self) -> None:
        """Kill the program and all processes that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(5)
        if self._process.stdout:
            self._process.stdout.close()


class Firefox(Engine):
    """Debian's Firefox, which speaks WebDriver BiDi by itself."""

    def __init__(self, home: Path, display: str) -> None:
        self.errors = []
        home.mkdir(parents=True, exist_ok=True)
        preferences = (f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in FIREFOX_PREFERENCES.items())
        (home / "user.js").write_text("".join(preferences))
        size = [f"--width={WIDTH}", f"--height={HEIGHT}"]
        command = [program("FIREFOX", "firefox-esr", "firefox"), "--no-remote", "--profile", str(home), *size]
        self._process = Process([*command, "--remote-debugging-port", "0"], environment(home, display))
        self._asked = 0
        self._open = ExitStack()
        self._open.callback(self._process.end)

    def begin(self) -> None:
        address = self._process.wait_for(r"WebDriver BiDi listening on (ws://\S+)")
        opening = connect(f"{address}/session", max_size=None, open_timeout=PATIENCE_S, compression=None)
        self._socket = self._open.enter_context(opening)
        self._send("session.new", capabilities={})
        self._send("session.subscribe", events=["log.entryAdded"])
        self._page = self._send("browsingContext.getTree")["contexts"][0]["context"]
        self._send("browsingContext.setViewport", context=self._page, viewport={"width": WIDTH, "height": HEIGHT})

    def _send(self, method: str, **params: object) -> dict[str, Any]:
        self._asked += 1
        self._socket.send(json.dumps({"id": self._asked, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(PATIENCE_S))
            if message.get("method") == "log.entryAdded" and message["params"]["level"] == "error":
                self.errors.append(str(message["params"]["text"]))
            if message.get("id") == self._asked:
                assert message["type"] == "success", message
                result: dict[str, Any] = message["result"]
                return result

    def open(self, url: str) -> None:
        self._send("browsingContext.navigate", context=self._page, url=url, wait="interactive")

    def value(self, expression: str) -> Any:
        asked = f"JSON.stringify({expression}) ?? 'null'"
        answer = self._send("script.evaluate", expression=asked, target={"context": self._page}, awaitPromise=True)
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])

    def click(self, selector: str) -> None:
        box = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().toJSON()"
        at = self.value(box)
        x, y = round(at["x"] + at["width"] / 2), round(at["y"] + at["height"] / 2)
        acts = [{"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": 0}]
        mouse = {"type": "pointer", "id": "mouse", "actions": [*acts, {"type": "pointerUp", "button": 0}]}
        self._send("input.performActions", context=self._page, actions=[mouse])

    def picture(self) -> bytes:
        return base64.b64decode(self._send("browsingContext.captureScreenshot", context=self._page)["data"])

    def close(self) -> None:
        self._open.close()


class WebKit(Engine):
    """WebKitGTK's MiniBrowser, driven by WebKitWebDriver, which cannot read the console: see `kiosk`."""

    def __init__(self, home: Path, display: str) -> None:
        self.errors = []
        port = free_port()
        driver = program("WEBKIT_DRIVER", "WebKitWebDriver")
        self._process = Process([driver, f"--port={port}"], environment(home, display))
        self._url = f"http://127.0.0.1:{port}"

    def begin(self) -> None:
        self._until_up()
        options = {"binary": mini_browser(), "args": ["--automation"]}
        asked = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        self._url += f"/session/{self._call('POST', '/session', asked)['sessionId']}"
        self._call("POST", "/window/rect", {"width": WIDTH, "height": HEIGHT})

    def _until_up(self) -> None:
        until(self._is_up, PATIENCE_S, lambda: "WebKitWebDriver does not answer")

    def _is_up(self) -> bool:
        with suppress(OSError):
            self._call("GET", "/status")
            return True
        return False

    def _call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self._url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{method} {path}: {error.read().decode()}") from None

    def open(self, url: str) -> None:
        self._call("POST", "/url", {"url": url})

    def value(self, expression: str) -> Any:
        return self._call("POST", "/execute/sync", {"script": f"return {expression}", "args": []})

    def click(self, selector: str) -> None:
        found = self._call("POST", "/element", {"using": "css selector", "value": selector})
        self._call("POST", f"/element/{next(iter(found.values()))}/click", {})

    def picture(self) -> bytes:
        return base64.b64decode(self._call("GET", "/screenshot"))

    def close(self) -> None:
        with suppress(AssertionError, OSError):
            self._call("DELETE", "")
        self._process.end()


@contextmanager
def kiosk(home: Path, display: str, url: str) -> Iterator[Process]:
    """Show a page in a WebKit that nobody drives; it prints its console."""
    command = [mini_browser(), "--enable-write-console-messages-to-stdout=true", url]
    process = Process(command, environment(home, display))
    try:
        yield process
    finally:
        process.end()


@contextmanager
def screen() -> Iterator[str]:
    """Run an X server without a screen during the block; yield its display."""
    reads, writes = os.pipe()
    command = [program("XVFB", "Xvfb"), "-displayfd", str(writes), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writes], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writes)
    try:
        with os.fdopen(reads) as said:
            yield f":{said.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


def environment(home: Path, display: str) -> dict[str, str]:
    """Return a browser's environment with its own home; with LANG=C.UTF-8 the languages of WebKit are ["C"]."""
    home.mkdir(parents=True, exist_ok=True)
    own = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "DISPLAY": display, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    return {"PATH": os.environ["PATH"], **SOFTWARE, **own}


def program(variable: str, *names: str) -> str:
    """Return the path of a program, named by a variable or in PATH."""
    found = os.environ.get(variable) or next(filter(None, map(shutil.which, names)), None)
    assert found, f"no {names[0]}: run scripts/test, which installs it, or name it with {variable}"
    return found


def mini_browser() -> str:
    """Return the path of WebKitGTK's MiniBrowser, which is not in PATH on Debian."""
    found = os.environ.get("MINIBROWSER") or next(map(str, Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")), None)
    assert found, "no MiniBrowser: run scripts/test, which installs it, or name it with MINIBROWSER"
    return found


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
