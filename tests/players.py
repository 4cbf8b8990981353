"""Runs music players and their scrobblers, each with a folder of its own."""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.flacfiles import write_flac
from tests.plays import ARTIST
from tests.serving import Addressed, Stream
from tests.tlsfront import TlsFront
from tests.waiting import until
from webapp.storage.accounts import NewToken

STARTS_S = 20.0
MEET_S = 7.0
NOBODY = "nobody"


@contextmanager
def running(*command: str | Path, log: Path, env: Mapping[str, str] | None = None, user: str = "") -> Iterator[None]:
    """Run a program during the block; as another user if one is named and this one may."""
    as_user = {"user": user, "group": pwd.getpwnam(user).pw_gid} if user and os.geteuid() == 0 else {}
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(env or {})},
            **as_user,  # type: ignore[call-overload]
        )
    try:
        yield
        assert process.poll() is None, log.read_text("utf-8", "replace")
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()


def together(*actions: Callable[[], object]) -> None:
    """Do things at once, each in a thread."""
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def tries(folder: Path, title: str) -> list[Path]:
    """Write songs for some tries to press play together: a busy machine may start one player late."""
    return [write_flac(folder / f"{n}.flac", 120, title=f"{title}, {n}", artist=ARTIST) for n in "abc"]


def meet(viewer: Stream, songs: Sequence[Path], press: Callable[[Path], object]) -> dict[str, Any]:
    """Press play on one song after the other until there is a connection, and return it."""

    def shows(frame: Mapping[str, Any]) -> bool:
        found.extend(frame["connections"])
        return bool(found)

    for song in songs:
        found: list[dict[str, Any]] = []
        press(song)
        with suppress(TimeoutError):
            viewer.until(shows, MEET_S)
            return found[0]
    raise AssertionError("the players did not start together")


@dataclass(frozen=True)
class Mpd:
    """A Music Player Daemon."""

    socket: Path

    def command(self, *commands: str) -> str:
        """Send commands in its protocol; return its answer, and raise if it refuses one."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.socket))
            lines = connection.makefile("rwb")
            lines.readline()
            listed = "".join(f"{each}\n" for each in ("command_list_begin", *commands, "command_list_end"))
            lines.write(listed.encode())
            lines.flush()
            answer = ""
            while not answer.endswith("OK\n"):
                line = lines.readline().decode()
                assert line[:3] not in ("", "ACK"), line
                answer += line
            return answer

    def play(self, file: str) -> None:
        """Play a file of its folder, from the start."""
        self.command("clear", f'add "{file}"', "play")

    def listens(self) -> bool:
        with suppress(OSError, AssertionError):
            return "OK" in self.command("status")
        return False


@contextmanager
def mpd(folder: Path, music: Path) -> Iterator[Mpd]:
    """Run MPD with a folder of music, without sound, and wait until it knows all of it."""
    folder.mkdir(parents=True)
    player = Mpd(folder / "socket")
    (folder / "mpd.conf").write_text(
        f"""music_directory "{music}"
db_file "{folder}/database"
state_file "{folder}/state"
bind_to_address "{player.socket}"
audio_output {{
  type "null"
  name "null"
}}
"""
    )
    with running(os.environ.get("MPD", "mpd"), "--no-daemon", folder / "mpd.conf", log=folder / "mpd.log"):
        until(player.listens, STARTS_S, said=lambda: (folder / "mpd.log").read_text())
        player.command("update")
        until(lambda: "updating_db" not in player.command("status"), STARTS_S)
        yield player


@contextmanager
def mpdscribble(folder: Path, player: Mpd, url: str, token: NewToken) -> Iterator[Path]:
    """Run mpdscribble for an MPD, with a token's id as its user and the token as its password; yield its log."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "mpdscribble.log"
    (folder / "mpdscribble.conf").write_text(
        f"""host = {player.socket}
verbose = 2
log = -
[unison]
url = {url}
username = {token.principal.id}
password = {token.text}
journal = {folder}/journal
"""
    )
    program = os.environ.get("MPDSCRIBBLE", "mpdscribble")
    with running(program, "--no-daemon", "--conf", folder / "mpdscribble.conf", log=log):
        yield log


@dataclass(frozen=True)
class Vlc:
    """A VLC without a screen, and its remote control."""

    socket: Path
    log: Path

    def play(self, file: Path) -> None:
        """Play a file."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.socket))
            connection.sendall(f"add {file.as_uri()}\n".encode())
            connection.recv(1)  # it has heard


@contextmanager
def vlc(folder: Path, server: Addressed, token: NewToken) -> Iterator[Vlc]:
    """Run VLC with its own scrobbler, not as root, which it refuses, and without sound."""
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    player = Vlc(folder / "socket", folder / "vlc.log")
    command = (
        *(os.environ.get("CVLC", "cvlc"), "--intf", "oldrc", "--rc-fake-tty", "--rc-unix", player.socket),
        *("--extraintf", "audioscrobbler", "--scrobbler-url", server.url.removeprefix("http://")),
        *("--lastfm-username", token.principal.id, "--lastfm-password", token.text),
        *("--aout", "adummy", "--no-video", "--no-interact", "--verbose", "2"),
    )
    with running(*command, log=player.log, env={"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}, user=NOBODY):
        until(player.socket.exists, STARTS_S, said=player.log.read_text)
        yield player


@dataclass(frozen=True)
class Mopidy:
    """A Mopidy, and its web interface."""

    url: str

    def ask(self, method: str, **params: object) -> object:
        """Call a method of its core."""
        asked = {"jsonrpc": "2.0", "id": 1, "method": f"core.{method}", "params": params}
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/mopidy/rpc", json.dumps(asked).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["result"]

    def answers(self) -> bool:
        with suppress(OSError):
            return self.ask("get_version") is not None
        return False

    def play(self, file: Path) -> None:
        """Play a file."""
        self.ask("tracklist.add", uris=[file.as_uri()])
        self.ask("playback.play")


@contextmanager
def mopidy(folder: Path, music: Path, front: TlsFront, token: NewToken) -> Iterator[Mopidy]:
    """Run Mopidy with Mopidy-Listenbrainz over HTTPS, without sound, and wait until it takes commands."""
    folder.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    (folder / "mopidy.conf").write_text(
        f"""[core]
cache_dir = {folder}/cache
config_dir = {folder}
data_dir = {folder}/data
[audio]
output = fakesink sync=true
[http]
hostname = 127.0.0.1
port = {port}
zeroconf =
[file]
media_dirs = {music}
[listenbrainz]
token = {token.text}
url = {front.host}
"""
    )
    env = {"REQUESTS_CA_BUNDLE": str(front.authority), "HOME": str(folder), "PYTHONPATH": os.environ["MOPIDY_PLUGINS"]}
    log = folder / "mopidy.log"
    command = (os.environ.get("MOPIDY", "mopidy"), "--config", folder / "mopidy.conf")
    with running(*command, log=log, env=env):
        player = Mopidy(f"http://127.0.0.1:{port}")
        until(player.answers, STARTS_S, said=log.read_text)
        yield player
