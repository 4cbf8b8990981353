"""The package is whole: built as it would be published, installed elsewhere, and run there."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.serving import Server, clean_environment, get_text, post_plays, stream

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command that must succeed, and return what it printed."""
    ran = subprocess.run(command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def source_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", folder)
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(source_archive: Path) -> Path:
    """A wheel made from the source archive and not from the checkout, as an index's users would."""
    folder = source_archive.parent
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, "--wheel-dir", folder, source_archive)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; what it requires is borrowed from the environment of the tests."""
    venv = tmp_path_factory.mktemp("elsewhere") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    python = venv / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install")
    run(*pip, "--no-deps", "--no-index", wheel)
    own = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=venv).strip()
    (Path(own) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv


@pytest.fixture(scope="module")
def installed(elsewhere: Path) -> Iterator[Server]:
    server = Server(elsewhere.parent / "data", program=str(elsewhere / "bin" / "unison"))
    yield server
    server.kill()


class Demo(Server):
    """`unison demo` of an installation, as a user with this home folder starts it."""

    def __init__(self, installation: Path, home: Path) -> None:
        super().__init__(
            home / "unused", {"HOME": str(home), "XDG_DATA_HOME": ""}, program=str(installation / "bin" / "unison")
        )

    def command(self, port: int) -> list[str]:
        return [self._program, "demo", "--port", str(port)]


def test_the_wheel_carries_what_the_checkout_has_beside_the_package(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    for folder in ("templates", "assets"):
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
        assert files
        assert {f"webapp/{path.relative_to(ROOT)}" for path in files} <= names
    data = [path for path in (ROOT / "webapp" / "data").rglob("*") if path.is_file()]
    assert any(path.suffix == ".otf" for path in data)
    assert {str(path.relative_to(ROOT)) for path in data} <= names


def test_the_wheel_carries_no_tests_and_no_scripts(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"webapp"}


def test_the_source_archive_carries_what_is_needed_to_test_it(source_archive: Path) -> None:
    with tarfile.open(source_archive) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "scripts/test",
        "scripts/tasks/check.py",
        "requirements/test.txt",
    } <= names
    assert "tests/unit/test_packaging.py" in names


def test_the_installed_package_is_not_the_checkouts(elsewhere: Path) -> None:
    origin = run(elsewhere / "bin" / "python", "-c", "import webapp; print(webapp.__file__)", cwd=elsewhere).strip()
    assert Path(origin).is_relative_to(elsewhere)


def test_the_installed_command_lists_its_settings(elsewhere: Path) -> None:
    assert "UNISON_WINDOW_S" in run(elsewhere / "bin" / "unison", "settings", cwd=elsewhere)


def test_the_installed_command_finds_its_fonts_and_draws(elsewhere: Path) -> None:
    told = run(elsewhere / "bin" / "unison", "doctor", "--data-dir", elsewhere.parent / "none", cwd=elsewhere)
    assert "glyphs for Latin" in told
    assert "NOT OK" not in told


def test_the_wheel_alone_demonstrates_itself_until_ctrl_c(elsewhere: Path, tmp_path: Path) -> None:
    demo = Demo(elsewhere, home=tmp_path)
    try:
        with stream(demo, timeout_s=60) as viewer:
            (connection, *_) = viewer.connections(1)
        assert connection["source"] == "synthetic"
        assert (tmp_path / ".local" / "share" / "unison-demo" / "secret").exists()
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(30) == 0
        assert "Traceback" not in demo.log
        with pytest.raises(OSError, match="refused"):
            get_text(demo, "/healthz")
    finally:
        demo.kill()


def test_the_installed_server_serves_the_page_its_assets_and_pydecks_bundle(installed: Server) -> None:
    page = get_text(installed, "/")
    assets = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    assert any(path.endswith(".css") for path in assets)
    modules = [path for path in assets if path.endswith(".js")]
    assert modules
    assert all(get_text(installed, path) for path in assets)
    (bundle,) = [get_text(installed, path) for path in modules if path.endswith("/pydeck.js")]
    assert len(bundle) > 1_000_000


def test_the_installed_server_knows_its_cities(installed: Server) -> None:
    plays = [
        {"track": {"title": "a", "artist": "b"}, "listener": "1", "place": {"city": city, "country": country}}
        for city, country in (("Osaka", "JP"), ("Atlantis", "GR"))
    ]
    answer = post_plays(installed, plays)
    assert (answer["accepted"], answer["rejected"]) == (1, 1)
    assert "Atlantis" in answer["errors"][0]["error"]
