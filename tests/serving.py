"""Runs a real `unison serve` in a subprocess, with helpers to send requests and plays and to read the stream."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import urlencode

from websockets.sync.client import ClientConnection, connect

from tests.waiting import until
from webapp.storage.datadir import token_file

ROOT = Path(__file__).resolve().parent.parent
OPEN = "--open-on-loopback"
"""The option for `unison serve` to accept plays from this machine without a token."""
START_S = 30.0
STOP_S = 15.0
ANSWER_S = 60.0


def clean_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without `UNISON_*` variables, plus `more`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("UNISON_")} | more


def console_script(name: str = "unison") -> str:
    """Return the path of a command installed beside this Python."""
    return str(Path(sys.executable).with_name(name))


class Addressed(Protocol):
    """Anything with the address of a server."""

    @property
    def url(self) -> str:
        """The address, such as http://127.0.0.1:12345."""


class Server:
    """One server process; `restart()` gives it a new process on the same port and data."""

    ready = re.compile(r"Unison is on (http[^\s\"]+)")
    host = "127.0.0.1"
    """The address to bind to."""

    def __init__(
        self,
        data_dir: Path,
        env: Mapping[str, str] | None = None,
        program: str | None = None,
        options: Iterable[str] = (),
    ) -> None:
        self.data_dir = data_dir
        self.options = list(options)
        self.url = ""
        self._env = dict(env or {})
        self._program = program or console_script()
        self._lines: list[str] = []
        self.start(port=0)

    def command(self, port: int) -> list[str]:
        """Return what is run to serve on a port; 0 is any."""
        where = ["--host", self.host, "--port", str(port), "--data-dir", str(self.data_dir)]
        return [self._program, "serve", *where, *self.options]

    @property
    def token(self) -> str:
        """The token in its data folder; "" if its settings have other tokens."""
        file = token_file(self.data_dir)
        return file.read_text().strip() if file.exists() else ""

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rsplit(":", 1)[1])

    @property
    def ws_url(self) -> str:
        """The base address of its websockets, such as ws://127.0.0.1:12345."""
        return "ws" + self.url.removeprefix("http")

    @property
    def log(self) -> str:
        """The output of its processes so far, stdout and stderr."""
        return "".join(self._lines)

    def until_logged(self, text: str) -> None:
        """Wait until its log has a text."""
        until(lambda: text in self.log, said=lambda: self.log)

    def start(self, port: int) -> None:
        """Start a process and wait until it is ready."""
        self.url = ""
        self.process = subprocess.Popen(
            self.command(port),
            cwd=self.data_dir.parent,
            env=clean_environment(**self._env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._said_ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self.process, self._said_ready), daemon=True)
        self._reader.start()
        self._wait_until_ready()

    def _read(self, process: subprocess.Popen[str], said_ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._lines.append(line)
            if found := self.ready.search(line):
                self.url = found[1]
                said_ready.set()
        said_ready.set()  # it ended: whoever waits shall not wait longer

    def _wait_until_ready(self) -> None:
        if self._said_ready.wait(START_S) and self.url:
            return
        self.kill()
        raise RuntimeError(f"the server did not start (code {self.process.returncode}); it said:\n{self.log}")

    def stop(self) -> int:
        """Send SIGTERM and return the exit code; raise RuntimeError if it does not end in time."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"the server did not end within {STOP_S:g} s of SIGTERM") from None
        self._tidy()
        return self.process.returncode

    def kill(self) -> None:
        """Send SIGKILL to it and all processes that it started, as in a power cut."""
        self._signal_all()
        self.process.wait(STOP_S)
        self._tidy()

    def restart(self, **env: str) -> None:
        """Stop the server if it runs, and start it on the same port and data, with `env` added to its settings."""
        port = self.port
        self.stop()
        self._env |= env
        self.start(port)

    def _signal_all(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _tidy(self) -> None:
        self._signal_all()  # a worker that outlived its master would hold the pipe open
        self._reader.join(STOP_S)
        if self.process.stdout is not None:
            self.process.stdout.close()


class FlaskServer(Server):
    """The application under Flask's threaded development server."""

    ready = re.compile(r"Running on (http\S+)")

    def command(self, port: int) -> list[str]:
        """Return what is run to serve on a port; 0 is any."""
        self._env["UNISON_DATA_DIR"] = str(self.data_dir)
        return [console_script("flask"), "--app", "webapp", "run", "--host", "127.0.0.1", "--port", str(port)]

    @property
    def token(self) -> str:
        """The token, which the server creates at the first request."""
        get_text(self, "/healthz")
        return super().token


def post(server: Addressed, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Any:
    """POST bytes and return the decoded JSON answer; raise urllib's HTTPError for an error status."""
    request = urllib.request.Request(server.url + path, body, dict(headers or {}), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def authorization(server: Addressed) -> dict[str, str]:
    """Return the header with the token in a server's data folder; no header for a demo."""
    token = server.token if isinstance(server, Server) and OPEN not in server.options else ""
    return {"Authorization": f"Bearer {token}"} if token else {}


def post_plays(server: Addressed, plays: Iterable[Mapping[str, Any]], **headers: str) -> Any:
    """Send plays as a JSON array, by default with the server's token, and return the decoded answer.

    `X_Unison_Source="synthetic"` becomes a header.
    """
    names = authorization(server) | {name.replace("_", "-"): value for name, value in headers.items()}
    return post(server, "/api/plays", json.dumps(list(plays)).encode(), {"Content-Type": "application/json"} | names)


@dataclass(frozen=True)
class Answer:
    """A server's answer."""

    status: int
    headers: Message
    body: bytes

    @property
    def kind(self) -> str:
        return str(self.headers["Content-Type"])

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The sentence of an error, which is the whole body."""
        assert (self.kind, list(self.json)) == ("application/json", ["error"])
        return str(self.json["error"])


def ask(server: Addressed, path: str, method: str = "GET", **headers: str) -> Answer:
    """Send a request; `Accept_Language="de"` becomes a header. An error status raises nothing."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(server.url + path, headers=names, method=method)
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def get_json(server: Addressed, path: str) -> Any:
    """GET a path and return the decoded JSON answer; raise urllib's HTTPError for an error status."""
    return json.loads(get_text(server, path))


def get_text(server: Addressed, path: str) -> str:
    """GET a path and return the answer as text; raise urllib's HTTPError for an error status."""
    with urllib.request.urlopen(server.url + path, timeout=10) as answer:
        return str(answer.read(), "utf-8")


class Stream:
    """A viewer of `/stream` that returns decoded frames; `hello` is the first."""

    def __init__(self, socket: ClientConnection, timeout_s: float) -> None:
        self.socket = socket
        self._timeout_s = timeout_s
        self.leads: list[Any] = []
        """The lead stories that came so far."""
        self.hello = self.next()

    def next(self, timeout_s: float | None = None) -> dict[str, Any]:
        """Return the next frame; raise TimeoutError if none arrives in time, or websockets' ConnectionClosed."""
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(self._timeout_s if timeout_s is None else timeout_s))
            if message["type"] != "lead":
                return message
            self.leads.append(message["connection"])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            yield self.next()

    def frames_past(self, at: float) -> list[dict[str, Any]]:
        """Return all frames up to the second time after `at` at which the server closed slices.

        It uses the server's time in the frames, so a slow machine takes longer but returns the same.
        """
        frames = [self.next()]
        moments = set[float]()
        while len(moments) < 2:
            frames.append(self.next())
            moments.update({frames[-1]["now"]} if frames[-1]["now"] > at else ())
        return frames

    def until(self, wanted: Callable[[dict[str, Any]], bool], timeout_s: float | None = None) -> dict[str, Any]:
        """Return the first frame for which `wanted` is true; skip the frames before it."""
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            if wanted(frame := self.next(left)):
                return frame
        raise TimeoutError(f"no wanted frame within {timeout_s:g} s")

    def connection_of(self, title: str, timeout_s: float | None = None) -> dict[str, Any]:
        """Return the next connection of a song; skip frames before it."""
        found: list[dict[str, Any]] = []

        def shows(frame: Mapping[str, Any]) -> bool:
            found.extend(each for each in frame["connections"] if each["track"]["title"] == title)
            return bool(found)

        self.until(shows, timeout_s)
        return found[0]

    def connections(self, count: int, timeout_s: float | None = None) -> list[dict[str, Any]]:
        """Return the next `count` connections, or a few more if they are in one frame."""
        found: list[dict[str, Any]] = []
        self.until(lambda frame: len(_extended(found, frame)) >= count, timeout_s)
        return found

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def wait_until_written(server: Addressed, seconds: float = 10.0) -> None:
    """Wait until the history has written everything shown so far."""
    until(lambda: "unison_history_pending_rows 0.0" in get_text(server, "/metrics"), seconds)


def _extended(found: list[dict[str, Any]], frame: Mapping[str, Any]) -> list[dict[str, Any]]:
    found.extend(frame.get("connections", ()))
    return found


def stream(server: Addressed, timeout_s: float = 10.0, **filters: str | int) -> Stream:
    """Open `/stream` with the given filters (`artist=`, `country=`, `since=`, ...); use it in a `with` block."""
    address = "ws" + server.url.removeprefix("http") + "/stream" + ("?" + urlencode(filters) if filters else "")
    with contextlib.ExitStack() as stack:
        opening = connect(address, open_timeout=timeout_s, max_size=1 << 24, compression=None)
        viewer = Stream(stack.enter_context(opening), timeout_s)
        stack.pop_all()  # it came in: closing it is its user's
        return viewer
