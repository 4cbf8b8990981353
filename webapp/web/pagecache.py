"""Answers that are kept for a moment for all who ask the same, and how many that are not kept one address may have.

A page takes milliseconds to put together, on the loop that serves everybody. So each is made once for what it depends
on: its address and query, the visitor's language, the host in its links, what is hidden, and what was shown last.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import TooManyRequests

from webapp.config import Settings
from webapp.core.cache import Cache
from webapp.web import languages, regional
from webapp.web.addressturns import AddressTurns
from webapp.web.clientaddress import AddressHashes, client_address
from webapp.web.hosts import LINKED
from webapp.web.ratelimits import Rate, RateLimits

KEPT_BYTES = 8 << 20
PAGES = Rate(burst=100, per_s=10.0)
"""That are made for one address; those that are kept do not count."""
PAGES_OF_ALL = Rate(burst=10_000, per_s=10_000.0)
FRESH_S = {
    "pages.index": 1.0,
    "moments.page": 1.0,
    "playlist.page": 1.0,
    "playlist.export": 1.0,
    "stats.page": 1.0,
    "stats.export": 1.0,
    "embed.page": 5.0,
    "embed.look": 5.0,
    "embedbuilder.page": 5.0,
    "connect.page": 5.0,
    "privacy.page": 5.0,
    "oembed.answer": 5.0,
    "openapi.whole": 5.0,
    "openapi.page": 5.0,
    "atom.feed": 1.0,
    "api.find": 1.0,
    "today.figures": 1.0,
    "api.connections": 0.0,
    "api.past": 0.0,
    "visitorplays.outcome": 0.0,
}
"""Seconds for which an answer is good, by endpoint; 0 is not kept, but counts."""
OF_NOW = ("pages.index", "moments.page", "atom.feed")
"""Endpoints whose answers are good until something else was shown."""
SLOWED_S = 0.25
"""How long a refusal is held back: who asks in a loop asks less often then."""
GAP_S = 0.001
_IF_NONE_MATCH = "HTTP_IF_NONE_MATCH"


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, until when it is good, and whether its links have the host that was asked for."""

    body: bytes
    status: int
    headers: Headers
    until_s: float
    is_linked: bool


class PageCache:
    """Those that are kept; so many bytes at most.

    Args:
        most: bytes of bodies and keys.
        clock: seconds of a clock that is never set.
    """

    def __init__(self, most: int = KEPT_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._kept: Cache[Hashable, Kept] = Cache(most, _size)

    def get(self, key: Hashable) -> Kept | None:
        """Return the answer to a question, if there is a good one."""
        kept = self._kept.get(key)
        return None if kept is None or self.clock() >= kept.until_s else kept

    def keep(self, key: Hashable, kept: Kept) -> None:
        """Keep an answer; those that were not used for longest go."""
        self._kept.keep(key, kept)


def _size(kept: Kept) -> int:
    return len(kept.body) + 8_192  # the longest query, and what else is kept with a body


def init_app(app: Flask, settings: Settings, newest: Callable[[], int], hidden: Callable[[], str]) -> None:
    """Keep answers of an app.

    Args:
        app: the app.
        settings: the server's.
        newest: returns the number of the newest frame.
        hidden: returns the version of what is hidden.
    """
    layer = _Layer(settings, newest, hidden)
    app.before_request(layer.answer)
    app.after_request(layer.keep)
    app.teardown_request(layer.give_turn)


class _Layer:
    """What each request of an app passes."""

    def __init__(self, settings: Settings, newest: Callable[[], int], hidden: Callable[[], str]) -> None:
        self._settings, self._newest, self._hidden = settings, newest, hidden
        self._answers, self._rates = PageCache(), RateLimits(PAGES_OF_ALL, PAGES)
        self._turns, self._hashes = AddressTurns(threading.Lock), AddressHashes()

    def answer(self) -> Response | None:
        """Answer with what is kept, or have an answer made that can be kept."""
        if request.endpoint not in FRESH_S or request.method not in ("GET", "HEAD"):
            return None
        key = self._key()
        if kept := self._answers.get(key):
            return _again(kept)
        address = client_address(request, self._settings)
        if wait_s := self._rates.spend(address):
            time.sleep(SLOWED_S)
            raise TooManyRequests("too many different pages are being made; wait a moment", retry_after=wait_s)
        if owner := self._hashes.of(address):
            self._take_turn(owner)
            if kept := self._answers.get(key):  # it was made meanwhile
                return _again(kept)
        if FRESH_S[request.endpoint]:
            g.kept_as = key, request.environ.pop(_IF_NONE_MATCH, None)
        return None

    def _take_turn(self, owner: bytes) -> None:
        turn = self._turns.of(owner)
        turn.acquire()
        g.turn = turn

    def give_turn(self, _: BaseException | None) -> None:
        """Let the next request of the address have its turn, once the loop has looked at what others sent."""
        if turn := g.pop("turn", None):
            time.sleep(GAP_S)
            turn.release()

    def _key(self) -> Hashable:
        """Return all that an answer depends on."""
        environ: dict[str, Any] = request.environ
        names = ("PATH_INFO", "SCRIPT_NAME", "QUERY_STRING", "HTTP_HOST", "wsgi.url_scheme")
        spoken = languages.language(), regional.of_visitor()
        codings = tuple(request.accept_encodings.quality(coding) > 0 for coding in ("br", "gzip"))
        newest = self._newest() if request.endpoint in OF_NOW else None
        return *map(environ.get, names), *spoken, codings, self._hidden(), newest

    def keep(self, response: Response) -> Response:
        """Keep an answer that was made whole, and give a browser that has it already no more than that news."""
        key, etags = g.pop("kept_as", (None, None))
        if key is None:
            return response
        if etags is not None:
            request.environ[_IF_NONE_MATCH] = etags
        if response.status_code == HTTPStatus.OK and not response.is_streamed:
            self._answers.keep(key, self._kept(response))
            if response.headers.get("ETag"):
                response.make_conditional(request)
        return response

    def _kept(self, response: Response) -> Kept:
        until_s = self._answers.clock() + FRESH_S[str(request.endpoint)]
        return Kept(
            response.get_data(), response.status_code, response.headers.copy(), until_s, LINKED in request.environ
        )


def _again(kept: Kept) -> Response:
    if kept.is_linked:
        request.environ[LINKED] = True
    response = Response(kept.body, kept.status, kept.headers.copy())
    response.make_conditional(request)
    return response
