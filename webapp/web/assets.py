"""The page's assets, under a path that changes with them, so that a browser asks for each only once."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from posixpath import normpath

import brotli  # type: ignore[import-untyped]
from flask import Blueprint, Response, abort, request

from webapp.engine.offload import offload
from webapp.resources import ASSETS, pydeck_bundle

SERVED = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".bin": "application/octet-stream",
    ".webmanifest": "application/manifest+json",
}
BUNDLE = "pydeck.js"
MAIN = "pages/index.js"
"""The globe's page's; every page has its own, and what that imports."""
FOREVER = "public, max-age=31536000, immutable"
SMALL_BYTES = 60_000
"""All files but pydeck's bundle and the data are smaller."""
SMALL_QUALITY, LARGE_QUALITY = 11, 9
"""Quality 11 makes small files 7 % smaller, in half a second more for all. The bundle would take ten seconds."""

PAGE_QUALITY = 4
"""Of pages that are put together for somebody, in the twentieth of the time."""


class Assets:
    """Files by the path they are served under, and what they were compressed to.

    Args:
        files: by path.

    Attributes:
        files: the same.
        version: the hash of them all.
        before: the assets of the version before, once they are known; see `assetstore`.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.files = files
        self.version = _version(files)
        self.before: Assets | None = None
        self._bodies: dict[tuple[str, str], bytes] = {}
        self._imported: dict[tuple[str, bool], list[str]] = {}

    def body(self, name: str, coding: str) -> bytes:
        """The file's bytes in a coding: "br", "gzip" or "identity". Slow the first time only."""
        if (name, coding) not in self._bodies:
            self._bodies[name, coding] = _CODINGS[coding](_without_comments(name, self.files[name].read_bytes()))
        return self._bodies[name, coding]

    def imported(self, name: str, later: bool = True) -> list[str]:
        """Return a module and all that it imports, itself or through others; with what it imports later, or without.

        What a browser needs first comes first: the module, then what it imports, then what these import.
        """
        if (name, later) not in self._imported:
            found = [name]
            for module in found:  # it grows meanwhile
                found += [each for each in dict.fromkeys(_imports(self.files, module, later)) if each not in found]
            self._imported[name, later] = found
        return self._imported[name, later]

    def of_version(self, version: str) -> Assets | None:
        """Return the assets of a version: these, or those before; None where it is neither."""
        return next((each for each in (self, self.before) if each and each.version == version), None)

    def warm(self) -> None:
        """Compress what every browser asks for, before the first one does; the bundle, which takes longest, last.

        It takes about a second, and is best done off the event loop. Skips a file that cannot be opened now.
        """
        for name in sorted(self.files, key=BUNDLE.__eq__):
            with suppress(OSError):
                self.body(name, "br")


_IMPORT = re.compile(
    r"""(?:^import |^(?:import|export) .* from |^\} from |(?P<later>(?:await|return|=>?) import\())["'](\.[^"']+)""",
    re.MULTILINE,
)


def _imports(files: Mapping[str, Path], name: str, later: bool) -> Iterator[str]:
    """Yield the modules that a module imports, by the names that they are served under."""
    for found in _IMPORT.finditer(files[name].read_text(encoding="utf-8")):
        if later or not found["later"]:
            yield normpath(f"{Path(name).parent.as_posix()}/{found[2]}")


_COMMENT = re.compile(rb"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*$", re.MULTILINE | re.DOTALL)
"""A comment that has its lines to itself."""


def _without_comments(name: str, content: bytes) -> bytes:
    """Return a script or style sheet without its comments, a quarter of the bytes; all else stays on its line."""
    if name == BUNDLE or not name.endswith((".js", ".css")):
        return content
    return _COMMENT.sub(lambda comment: b"\n" * comment[0].count(b"\n"), content)


def _brotli(content: bytes) -> bytes:
    quality = SMALL_QUALITY if len(content) < SMALL_BYTES else LARGE_QUALITY
    return bytes(brotli.compress(content, quality=quality))


def _gzip(content: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return packer.compress(content) + packer.flush()


_CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": _brotli,
    "gzip": _gzip,
    "identity": bytes,
}


def _asset_files() -> Iterator[tuple[str, Path]]:
    yield BUNDLE, pydeck_bundle()
    for path in sorted(ASSETS.rglob("*")):
        if path.is_file() and path.suffix in SERVED:
            yield path.relative_to(ASSETS).as_posix(), path


def _version(files: Mapping[str, Path]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for name, path in files.items():
        digest.update(name.encode() + b"\0" + hashlib.blake2b(path.read_bytes()).digest())
    return digest.hexdigest()


def shipped_assets() -> Assets:
    """Return the assets that the package ships."""
    return Assets(dict(_asset_files()))


def create_blueprint(served: Assets) -> Blueprint:
    """Serve assets, and tell templates where they are."""
    blueprint = Blueprint("assets", __name__)

    @blueprint.app_template_global()
    def asset_url(name: str) -> str:
        """Where an asset is served, on this server."""
        if name not in served.files:
            raise KeyError(f"no asset {name!r}")
        return f"{request.script_root}/assets/{served.version}/{name}"

    @blueprint.app_template_global()
    def asset_modules(page: str = MAIN, *, later: bool = True) -> list[str]:
        """A page's own modules, to be fetched together instead of one import after another.

        Those that are imported later are among them, unless `later` is false.
        """
        return served.imported(page, later)

    @blueprint.get("/assets/<version>/<path:name>")
    def asset(version: str, name: str) -> Response:
        """Serve an asset of this version or of the one before."""
        found = served.of_version(version)
        if found is None or name not in found.files:
            abort(404)
        return _compressed(found, name)

    return blueprint


def _compressed(found: Assets, name: str) -> Response:
    """Return an asset, compressed as the browser likes it, to be kept forever."""
    coding = _coding()
    response = Response(offload(found.body, name, coding), content_type=SERVED[Path(name).suffix])
    response.headers["Cache-Control"] = FOREVER
    response.headers["Vary"] = "Accept-Encoding"
    # A frame in a sandbox without allow-same-origin is of no origin, not even ours, but wants its sheets and scripts.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    if coding != "identity":
        response.headers["Content-Encoding"] = coding
    return response


def _coding() -> str:
    accepted = request.accept_encodings
    return next((coding for coding in ("br", "gzip") if accepted.quality(coding) > 0), "identity")


def _pack(content: bytes, coding: str) -> bytes:
    """Compress what is sent once or a few times only."""
    return bytes(brotli.compress(content, quality=PAGE_QUALITY)) if coding == "br" else _CODINGS[coding](content)


def packed(page: Response) -> Response:
    """Return a page compressed as the browser likes it, or just that it has not changed; call it last."""
    page.add_etag(weak=True)
    page.vary.add("Accept-Encoding")
    page.make_conditional(request)
    if page.status_code == 200 and (coding := _coding()) != "identity":
        page.data = offload(_pack, page.data, coding)
        page.headers["Content-Encoding"] = coding
    return page
