"""Signals to `unison serve`: SIGHUP replaces the worker, and no signal brings the server down that should not."""

from __future__ import annotations

import http.client
import os
import pty
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.conftest import lasting
from tests.integration.reloads import Sender, kept_plays, reload, worker_of, workers_of
from tests.serving import ROOT, Server, ask, stream
from tests.waiting import DEADLINE_S, until
from webapp.serving import END_S

RELOADING = "reloading: starting a new worker"


class Copied(Server):
    """A server that runs a copy of the package, which a test may change."""

    def __init__(self, folder: Path) -> None:
        self.code = folder / "code" / "webapp"
        shutil.copytree(ROOT / "webapp", self.code, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("assets", "templates"):
            (folder / "code" / name).symlink_to(ROOT / name)
        super().__init__(folder / "data", {"PYTHONPATH": str(folder / "code")})

    def command(self, port: int) -> list[str]:
        return [sys.executable, "-m", "webapp", *super().command(port)[1:]]

    def answers_health_with(self, word: str) -> None:
        """Have the code that is loaded from now on answer so."""
        path = self.code / "web" / "probes.py"
        text = path.read_text().partition("\nHEALTH")[0].replace('{"status": "ok"}', '{"status": HEALTH}')
        path.write_text(f"{text}\nHEALTH = {word!r}\n")


class InTerminal(Server):
    """A server that was started from a terminal of its own."""

    def __init__(self, folder: Path, *before: str) -> None:
        self._before = before
        self._end, self._terminal = pty.openpty()
        super().__init__(folder / "data")
        os.close(self._terminal)

    def command(self, port: int) -> list[str]:
        opened = 'exec "$@" < "$0"'  # by the leader of a session, whose terminal it thereby becomes
        heard = ["env", "--default-signal=HUP"]  # the tests may run under nohup
        return [*heard, "sh", "-c", opened, os.ttyname(self._terminal), *self._before, *super().command(port)]

    def hang_up(self) -> None:
        """Close the terminal's window."""
        os.close(self._end)


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Copied]:
    server = Copied(tmp_path)
    yield server
    server.kill()
    print(server.log)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with lasting(tmp_path_factory.mktemp("shared"), UNISON_OPEN_INGEST="1") as server:
        yield server


def test_reloads_lose_no_play_that_was_answered_202(serve: Callable[..., Server]) -> None:
    server = serve(UNISON_OPEN_INGEST="1")
    with Sender(server) as sender:
        for _ in range(3):
            sender.takes(20)
            reload(server)
        sender.takes(20)
    assert server.stop() == 0
    assert sender.taken <= kept_plays(server) <= sender.tried
    assert sender.refused <= {503}


def test_viewers_are_sent_away_spread_out_and_come_back_after_a_reload(shared: Server) -> None:
    with ExitStack() as stack:
        viewers = [stack.enter_context(stream(shared, DEADLINE_S)) for _ in range(8)]
        os.kill(shared.process.pid, signal.SIGHUP)
        byes = [viewer.until(lambda frame: frame["type"] == "bye") for viewer in viewers]
        for viewer in viewers:
            with pytest.raises(ConnectionClosed, match="1001"):
                viewer.next()
    waits = [bye["retry_ms"] for bye in byes]
    assert 500 <= min(waits) < max(waits) <= 500 + 1_000 + len(viewers)
    with stream(shared, DEADLINE_S, since=f"{viewers[0].hello['stream']}:{viewers[0].hello['seq']}") as again:
        assert again.hello["gap"] == -1
        assert again.next()["type"] == "connections"


def test_sighups_in_quick_succession_end_in_one_worker_that_serves(shared: Server) -> None:
    before = worker_of(shared)
    for _ in range(5):
        heard = shared.log.count(RELOADING)
        os.kill(shared.process.pid, signal.SIGHUP)
        until(lambda: shared.log.count(RELOADING) > heard)  # noqa: B023 - or the kernel would make one of them
    reload(shared)
    until(lambda: len(workers_of(shared)) == 1)
    assert ask(shared, "/healthz").status == 200
    assert worker_of(shared) != before


def test_idle_connections_do_not_hold_a_reload_up(shared: Server) -> None:
    with ExitStack() as stack:
        for _ in range(3):
            idle = stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", shared.port)))
            idle.request("GET", "/healthz")
            assert idle.getresponse().read()
        old = worker_of(shared)
        reload(shared)
        assert worker_of(shared) != old


def test_an_idle_connection_is_closed_without_a_word_when_the_server_ends(shared: Server) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", shared.port, timeout=DEADLINE_S)) as connection:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        reload(shared)
        assert connection.sock.recv(100) == b"", "it would be read as the answer to the next request"


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR1", "SIGWINCH"])
def test_a_signal_to_the_worker_does_not_end_it(shared: Server, name: str) -> None:
    worker = worker_of(shared)
    os.kill(worker, signal.Signals[name])
    with stream(shared) as viewer:
        assert viewer.next()["type"] == "connections"
    assert worker_of(shared) == worker


def test_signals_to_the_master_neither_end_it_nor_start_workers(shared: Server) -> None:
    for name in ("SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGTTIN", "SIGTTOU"):
        os.kill(shared.process.pid, signal.Signals[name])
    worker = worker_of(shared)
    reload(shared)  # it has heard the others by then, and looked at its workers more than once
    assert worker_of(shared) != worker
    assert ask(shared, "/healthz").status == 200


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGQUIT"])
def test_a_signal_that_ends_it_loses_no_play_that_was_answered_202(serve: Callable[..., Server], name: str) -> None:
    server = serve(UNISON_OPEN_INGEST="1")
    with Sender(server) as sender:
        sender.takes(20)
        os.kill(server.process.pid, signal.Signals[name])
        assert server.process.wait(DEADLINE_S) == 0
    assert "Traceback" not in server.log
    assert sender.taken <= kept_plays(server) <= sender.tried


def test_a_reload_takes_the_code_that_is_there_then(copied: Copied) -> None:
    copied.answers_health_with("new")
    reload(copied)
    assert ask(copied, "/healthz").json == {"status": "new"}


def test_code_that_is_broken_costs_nothing_and_can_be_mended(copied: Copied) -> None:
    worker = worker_of(copied)
    broken = copied.code / "core" / "plays.py"
    text = broken.read_text()
    broken.write_text(f"{text}\nthis is no Python\n")
    os.kill(copied.process.pid, signal.SIGHUP)
    until(lambda: "the reload failed" in copied.log)
    assert "SyntaxError" in copied.log
    assert ask(copied, "/healthz").status == 200
    assert workers_of(copied) == [worker]
    broken.write_text(text)
    reload(copied)
    assert ask(copied, "/healthz").status == 200


def test_a_file_that_a_setting_names_and_that_is_wrong_costs_nothing(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("first-token\n")
    server = serve(UNISON_TOKENS_FILE=str(tokens))
    worker = worker_of(server)
    tokens.unlink()
    os.kill(server.process.pid, signal.SIGHUP)
    until(lambda: "the reload failed" in server.log)
    assert f"UNISON_TOKENS_FILE: {tokens} cannot be read" in server.log
    assert workers_of(server) == [worker]
    assert ask(server, "/healthz").status == 200
    tokens.write_text("second-token\n")
    reload(server)
    assert worker_of(server) != worker


def test_a_worker_that_cannot_start_is_tried_again_until_it_can(copied: Copied) -> None:
    broken = copied.code / "core" / "plays.py"
    text = broken.read_text()
    broken.write_text(f"{text}\nthis is no Python\n")
    os.kill(worker_of(copied), signal.SIGKILL)
    until(lambda: copied.log.count("SyntaxError") >= 2)
    assert copied.process.poll() is None
    broken.write_text(text)
    reload(copied)
    assert ask(copied, "/healthz").status == 200


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_is_to_end_while_a_worker_starts_ends_in_order(
    serve: Callable[..., Server], workers: int
) -> None:
    server = serve()
    server.process.send_signal(signal.SIGHUP)
    until(lambda: len(workers_of(server)) >= workers)  # the second does not hear signals yet
    server.process.terminate()
    assert server.process.wait(END_S - 5) == 0


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., InTerminal]]:
    started: list[InTerminal] = []

    def start(*before: str) -> InTerminal:
        started.append(InTerminal(tmp_path, *before))
        return started[-1]

    yield start
    for server in started:
        server.kill()
        print(server.log)


def test_a_terminal_that_closes_ends_the_server_in_order(terminal: Callable[..., InTerminal]) -> None:
    server = terminal()
    server.hang_up()
    assert server.process.wait(DEADLINE_S) == 0


def test_under_nohup_the_server_outlives_its_terminal(terminal: Callable[..., InTerminal]) -> None:
    server = terminal("nohup")
    server.hang_up()
    until(lambda: ask(server, "/healthz").status == 200)
    reload(server)
    assert ask(server, "/healthz").status == 200
