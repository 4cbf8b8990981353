"""The image of deploy/Dockerfile, as far as it can be had without Docker: its steps run in an empty folder.

What comes of them then runs with a root that is read-only, as a user who is nobody, and with /data to write to.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import free_ports
from tests.dockerfile import Stage, build
from tests.serving import ROOT, Server, ask, clean_environment, post_plays

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]
UID = "4242"
"""Not the user that the Dockerfile names: clusters choose one themselves."""


class Container(Server):
    """The image's ENTRYPOINT and CMD, as a container runs them."""

    def __init__(self, image: Stage) -> None:
        self.image = image
        super().__init__(image.root / "data", {"UNISON_PORT": str(free_ports(1)[0])})

    def command(self, port: int) -> list[str]:
        return self.running(*self.image.form("ENTRYPOINT"), *self.image.form("CMD"))

    def running(self, *words: str) -> list[str]:
        """Return a command that runs words as the container's user, with the container's variables."""
        env = self.image.env | self._env
        given = [part for name, value in env.items() for part in ("--setenv", name, value)]
        more = ("--clearenv", *given, "--bind", str(self.data_dir), "/data")
        if os.geteuid() != 0:
            return self.image.command(*words, more=(*more, "--unshare-user", "--uid", UID, "--gid", "0"))
        user = ("setpriv", "--reuid", UID, "--regid", "0", "--clear-groups", "--no-new-privs", "--bounding-set", "-all")
        return self.image.command(*user, *words, more=more)

    @property
    def first_pid(self) -> int:
        """The process that the container runs; bubblewrap waits for it."""
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.running(*words), env=clean_environment(), capture_output=True, text=True, check=False, timeout=60
        )


@pytest.fixture
def image(tmp_path: Path) -> Stage:
    return build(ROOT / "deploy" / "Dockerfile", ROOT, tmp_path / "steps")


@pytest.fixture
def container(image: Stage) -> Iterator[Container]:
    server = Container(image)
    yield server
    server.kill()


def test_the_image_serves_as_any_user_with_a_read_only_root(image: Stage, container: Container) -> None:
    """One test for all that it must do, because it takes long to make."""
    check_rights(container)
    check_health(container)
    check_work(container)
    packages = next((image.root / "opt" / "unison" / "lib").glob("python3.*/site-packages"))
    assert not {"pip", "pytest", "playwright"} & {path.name for path in packages.iterdir()}
    assert not (image.root / "src").exists()
    assert image.said["STOPSIGNAL"] == "SIGTERM"
    os.kill(container.first_pid, signal.SIGTERM)
    assert container.process.wait(30) == 0


def check_rights(container: Container) -> None:
    status = Path(f"/proc/{container.first_pid}/status").read_text()
    if os.geteuid() == 0:
        assert f"Uid:\t{UID}" in status
    assert "CapEff:\t0000000000000000" in status
    written = container.run("touch", "/opt/unison/new", "/new")
    assert written.stderr.count("Read-only file system") == 2


def check_health(container: Container) -> None:
    check = container.image.form("HEALTHCHECK")
    passed = container.run(*check)
    assert passed.returncode == 0, passed.stderr
    assert container.run("env", "UNISON_PORT=1", *check).returncode == 1


def check_work(container: Container) -> None:
    play = {"track": {"title": "a", "artist": "b"}, "listener": "c", "place": {"city": "Osaka", "country": "JP"}}
    token = container.run("unison", "token").stdout.strip()
    assert post_plays(container, [play], Authorization=f"Bearer {token}")["accepted"] == 1
    assert ask(container, "/").status == 200
    assert ask(container, "/card.png").body.startswith(b"\x89PNG")
    assert "NOT OK" not in container.run("unison", "doctor").stdout
    assert container.run("nats-server", "--version").stdout.startswith("nats-server: v2.")
    assert container.run("python", "-c", "import nats").returncode == 0
