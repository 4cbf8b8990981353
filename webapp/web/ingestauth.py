"""Who may send plays."""

from __future__ import annotations

import hmac
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Self

from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Request

from webapp.config import SettingError, Settings, default_data_dir
from webapp.storage.datadir import DataDir, token_file
from webapp.storage.secretfiles import SecretFile
from webapp.web.hosts import is_loopback, is_own_host
from webapp.web.origincheck import is_for_another_site

_REALM = WWWAuthenticate("bearer", {"realm": "unison"})
_PROXY_HEADERS = frozenset(
    "HTTP_" + name.upper().replace("-", "_")
    for name in (
        "Forwarded", "Via", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "X-Original-Forwarded-For",
        "X-Envoy-External-Address", "True-Client-IP", "CF-Connecting-IP", "Fastly-Client-IP",
    )
)  # fmt: skip
"""What proxies add, beside X-Forwarded-..., of those that are in use."""


class IngestAuth:
    """Tells who may send plays: those with a token, or anyone with UNISON_OPEN_INGEST and no tokens set.

    The tokens are those of UNISON_TOKENS and UNISON_TOKENS_FILE. Where neither is set, it is the one that the server
    made in its data folder.

    Args:
        settings: the server's.
        data_dir: the data folder.
        open_on_loopback: take plays from this machine without a token, too. That is for demonstrations only: behind a
            proxy on the same machine everybody is from this machine.
    """

    def __init__(self, settings: Settings, data_dir: DataDir, *, open_on_loopback: bool = False) -> None:
        self._settings, self._data_dir = settings, data_dir
        self._are_set = has_tokens(settings)
        self._file = self._token_file()
        self._open_on_loopback = open_on_loopback and may_be_open_on_loopback(settings)

    def _token_file(self) -> SecretFile | None:
        """Return the file of tokens that counts beside UNISON_TOKENS, if one does."""
        if self._settings.tokens_file:
            return SecretFile(self._settings.tokens_file, "UNISON_TOKENS_FILE")
        return None if self._are_set else SecretFile(token_file(self._data_dir.path), "ingest token")

    def open(self) -> Self:
        """Read the tokens in files. Where no tokens are set the data folder must be open, and one is made in it.

        Raises:
            DataDirError: the token in the data folder cannot be read or written.
            SecretFileError: the file of UNISON_TOKENS_FILE cannot be used.
        """
        if not self._are_set:
            self._data_dir.ensure_token_file()
        if self._file:
            self._file.open()
        return self

    def check(self, request: Request) -> None:
        """Refuse a request that may not send plays.

        Raises:
            Unauthorized: the token is missing or wrong.
            Forbidden: a page of another site sent it without a token, or one that calls this machine by another name.
        """
        if self._settings.open_ingest and not self._are_set:
            return
        scheme, given = authorization_of(request)
        if scheme == "bearer" and is_one_of(given, self._tokens):
            return
        if self._open_on_loopback:
            _check_local(request)
            _check_site(request, self._settings)
        else:
            raise self._refusal(scheme)

    @property
    def _tokens(self) -> tuple[str, ...]:
        return (*self._settings.tokens, *(self._file.secrets if self._file else ()))

    def _refusal(self, scheme: str) -> Unauthorized:
        if scheme == "bearer":
            return Unauthorized("this token may not send plays", www_authenticate=_REALM)
        known = "" if self._are_set else "; `unison token` prints it on the server's machine"
        needed = f"sending plays requires a token: Authorization: Bearer <token>{known}"
        return Unauthorized(needed, www_authenticate=_REALM)

    def reload(self) -> None:
        """Read the file again; call it off the event loop."""
        if self._file:
            self._file.reload()

    def summary(self) -> str:
        """Return a sentence for the operator: from whom this server takes plays."""
        if self._are_set:
            return "Accepting plays with a token of UNISON_TOKENS or UNISON_TOKENS_FILE."
        if self._settings.open_ingest:
            return "Accepting plays from anyone, without a token (UNISON_OPEN_INGEST=1)."
        path = token_file(self._data_dir.path)
        if self._open_on_loopback:
            return f"Accepting plays from this machine, and from elsewhere with the token in {path}."
        where = "" if _is_in_usual_folder(path) else f" --data-dir {path.parent}"
        return f"Accepting plays with the token in {path} (`unison token{where}` prints it)."


def _is_in_usual_folder(path: Path) -> bool:
    """Tell whether `unison token` finds the token's file without an option."""
    try:
        return path.parent == default_data_dir()
    except SettingError:  # this user has no home folder
        return False


def has_tokens(settings: Settings) -> bool:
    """Tell whether tokens are set; the one in the data folder opens nothing then."""
    return bool(settings.tokens or settings.tokens_file)


def may_be_open_on_loopback(settings: Settings) -> bool:
    """Tell whether nothing suggests that other machines reach this server."""
    return is_loopback(settings.host) and not (settings.public_url or settings.hosts or has_tokens(settings))


def is_one_of(given: str, tokens: tuple[str, ...]) -> bool:
    """Tell whether a text is one of some tokens, in a time that tells neither which is near nor how long it is."""
    digest = sha256(given.encode("latin-1", "replace")).digest()
    equal = [hmac.compare_digest(digest, each) for each in _digests(tokens)]  # all are compared
    return any(equal)


@lru_cache(maxsize=4)
def _digests(tokens: tuple[str, ...]) -> list[bytes]:
    return [sha256(token.encode()).digest() for token in tokens]


def authorization_of(request: Request) -> tuple[str, str]:
    """Return the scheme of the Authorization header in lower case, and what follows it."""
    scheme, _, given = request.headers.get("Authorization", "").strip().partition(" ")
    return scheme.lower(), given.strip()


def _proxy_header(request: Request) -> str | None:
    """Return the name of a header that a proxy added; None where there is none."""
    for name in request.environ:
        if name in _PROXY_HEADERS or name.startswith("HTTP_X_FORWARDED_"):
            return name.removeprefix("HTTP_").replace("_", "-").title()
    return None


def why_not_local(request: Request) -> str | None:
    """Return why a request is not from this machine; None where it is, as far as that can be known."""
    if not is_loopback(request.remote_addr or ""):
        return "this request comes from another machine"
    header = _proxy_header(request)
    return f"this request came through a proxy ({header})" if header else None


def _check_local(request: Request) -> None:
    if why := why_not_local(request):
        raise Unauthorized(
            f"without a token, this server accepts plays only from its own machine, and {why};"
            " `unison token` prints the token",
            www_authenticate=_REALM,
        )


def _check_site(request: Request, settings: Settings) -> None:
    """Refuse what a browser sends for a page of another site: it reaches loopback where its author does not."""
    origin = request.headers.get("Origin")
    if is_for_another_site(request):
        raise Forbidden("without a token, plays from pages of other sites are not accepted")
    if origin is not None and origin.partition("://")[2].lower() != request.headers.get("Host", "").lower():
        raise Forbidden(f"without a token, plays from pages of other sites are not accepted ({origin[:80]!r})")
    # Of a name that its owner points at loopback (DNS rebinding) the browser thinks it is one site with us.
    if not is_own_host(request.headers.get("Host", ""), settings):
        raise Forbidden(
            f"this server is not known as {request.headers['Host'][:80]!r}; to allow that name, add it to UNISON_HOSTS"
        )
