"""Requests that music clients would not send: those of `fuzz.py`, made of the recorded ones by rules and by chance.

Each is made of a number alone, so one that does harm can be made again.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from tests.requests_fixtures import Exchange, exchanges
from webapp.ingest.lastfmkeys import API_KEY

DOORS = ("listenbrainz", "lastfm", "audioscrobbler", "webscrobbler")
METHODS = ("POST",) * 12 + ("GET", "HEAD", "PUT", "OPTIONS", "DELETE", "PATCH", "PROPFIND")
TEXTS = (
    "", " ", "\0", "\ud800", "\u202e", "\ufeff", "é" * 400, "a" * 40_000, "%", "[]", "null", "-1", "1e400", "1" * 400,
    "\u115f", "😀" * 90, "<b>&amp;", "'\"\\", "\r\nX: y", "../../etc", "٣", "nan", "١٢",
)  # fmt: skip
_BIG = ("[" * 50_000, "[" * 900 + "]" * 900, '{"a":' * 30_000, "9" * 50_000, "-" * 9, "NaN", '{"a":1,"a":2}')
_ANOTHER_KEY = "0123456789abcdef0123456789abcdef"
"""Of an app whose secret we do not know, so that calls need no signature."""
BODIES = (1 << 15, 1 << 17, 1 << 19, 11 << 20)
"""Bytes of large bodies, about; the most that is read is 10 MiB."""
_SESSION = re.compile(r"\b(sk|s)=[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: its method, target, headers and body."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def encode(self) -> bytes:
        """Return it as HTTP."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + self.body


class Requests:
    """The requests to one front door.

    Args:
        door: one of DOORS.
        token: one that is good.
        session: the key of a session with it.
    """

    def __init__(self, door: str, token: str, session: str) -> None:
        self._recorded = [_with_session(each.filled(token=token, user="ana"), session) for each in exchanges(door)]

    def number(self, number: int) -> bytes:
        """Return a request; a few are as clients send them."""
        chance = random.Random(number)
        recorded = chance.choice(self._recorded)
        sent = Sent(recorded.method, recorded.path, tuple(recorded.headers.items()), recorded.body)
        for change in chance.choices(_CHANGES, _WEIGHTS, k=chance.choice((0, 1, 1, 1, 2, 3))):
            sent = change(chance, sent)
        return sent.encode()


def _with_session(recorded: Exchange, session: str) -> Exchange:
    text = _SESSION.sub(rf"\1={session}", recorded.body.decode("latin-1")).replace(API_KEY, _ANOTHER_KEY)
    path = _SESSION.sub(rf"\1={session}", recorded.path)
    return Exchange(**{name: getattr(recorded, name) for name in Exchange.__slots__} | _changed(text, path))


def _changed(text: str, path: str) -> dict[str, Any]:
    return {"body": text.encode("latin-1"), "path": path}


def _another(sent: Sent, **changes: Any) -> Sent:
    return Sent(**{name: getattr(sent, name) for name in Sent.__slots__} | changes)


def _body(chance: random.Random, sent: Sent) -> Sent:
    """Change a value of the body: of its JSON, or of its form."""
    try:
        return _another(sent, body=_json(chance, json.loads(sent.body)))
    except (ValueError, RecursionError):
        return _another(sent, body=_form(chance, sent.body))


def _json(chance: random.Random, value: Any) -> bytes:
    holder = {"": value}
    places = list(_places(holder))
    inside, key = chance.choice(places)
    how = chance.randrange(6)
    if how == 0:
        del inside[key]
    elif how == 1 and isinstance(inside, dict):
        inside[chance.choice(TEXTS)] = inside[key]
    else:
        inside[key] = _value(chance, inside[key])
    text = json.dumps(holder.get(""), ensure_ascii=chance.random() < 0.5)
    return text.replace('"@raw@"', chance.choice(_BIG), 1).encode("utf-8", "surrogatepass")


def _places(value: Any) -> Any:
    """Yield what holds each value in a JSON document, with the key or the place."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in list(inner):
        yield value, key
        yield from _places(each)


def _value(chance: random.Random, old: Any) -> Any:
    many = min(1_200, 1 + chance.choice(BODIES) // (1 + len(str(old))))
    values: Sequence[Any] = (
        None, True, 0, -1, 2**70, 1.5, [], {}, [None], {"a": [old]}, [old] * 3, [old] * many, "@raw@",
        chance.choice(TEXTS), chance.choice(TEXTS), f"{old}", f"{old}{chance.choice(TEXTS)}",
    )  # fmt: skip
    return chance.choice(values)


def _form(chance: random.Random, body: bytes) -> bytes:
    pairs = [pair.partition(b"=")[::2] for pair in body.split(b"&")]
    place = chance.randrange(len(pairs))
    name, value = pairs[place]
    how = chance.randrange(7)
    if how == 0:
        del pairs[place]
    elif how == 1:
        pairs += [(name, quote_from_bytes(chance.choice(TEXTS).encode("utf-8", "surrogatepass")).encode())]
    elif how == 2:
        pairs[place] = (name + chance.choice((b"[0]", b"%5B1%5D", b"[999999]", b"[-1]", b"[", b"[]", b"[a]")), value)
    elif how == 3:
        pairs += [(b"%s[%d]" % (name[:30], index), value[:30]) for index in range(chance.choice((3, 60, 5_000)))]
    elif how == 4:
        pairs[place] = (name, chance.choice((b"%", b"%f", b"%zz", b"%ff%fe", b"+" * 999, b"=", b"%00", b"\xff\xc3")))
    else:
        pairs[place] = (name, quote_from_bytes(_mangled(chance, unquote_to_bytes(value))).encode())
    return b"&".join(name + b"=" + value for name, value in pairs)


def _mangled(chance: random.Random, data: bytes) -> bytes:
    """Cut, double, flip or insert bytes."""
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    how = chance.randrange(5)
    if how == 0:
        return data[:start]
    if how == 1:
        return data[:end] + data[start:]
    if how == 2:
        return data[:start] + chance.randbytes(chance.choice((1, 1, 2, 9, 300))) + data[start:]
    if how == 3:
        return data[:start] + data[end:]
    return bytes(byte ^ (1 << chance.randrange(8)) if chance.random() < 0.02 else byte for byte in data)


def _bytes(chance: random.Random, sent: Sent) -> Sent:
    return _another(sent, body=_mangled(chance, sent.body))


def _noise(chance: random.Random, sent: Sent) -> Sent:
    return _another(sent, body=chance.randbytes(chance.choice((0, 1, 30, 3_000, 60_000))))


def _large(chance: random.Random, sent: Sent) -> Sent:
    return _another(
        sent,
        body=chance.choice(_BIG).encode()
        if chance.random() < 0.5
        else sent.body * (1 + chance.choice(BODIES) // (len(sent.body) + 1)),
    )


def _packed(chance: random.Random, sent: Sent) -> Sent:
    packed = gzip.compress(sent.body, 1) if chance.random() < 0.6 else sent.body
    packed = _mangled(chance, packed) if chance.random() < 0.3 else packed
    return _another(sent, body=packed, headers=(*sent.headers, ("Content-Encoding", "gzip")))


def _header(chance: random.Random, sent: Sent) -> Sent:
    name = chance.choice(
        ("Authorization", "Content-Type", "User-Agent", "Accept", "X-Forwarded-For", "Cookie", "Origin")
    )
    old = next((value for given, value in sent.headers if given == name), "")
    texts = (
        "",
        "é",
        "Token",
        "Token ",
        "Basic YTpi",
        "a" * 7_000,
        "\xff",
        "application/json; charset=x",
        f"{old}x",
        "*/*",
    )
    kept = tuple(header for header in sent.headers if header[0] != name)
    return _another(sent, headers=(*kept, (name, chance.choice(texts))) if chance.random() < 0.7 else kept)


def _target(chance: random.Random, sent: Sent) -> Sent:
    path, _, query = sent.target.partition("?")
    ends = ("/", "//", "/%00", "/%ff", "/..", "/x", "%2F1", "/" + "a" * 3_000, ";a", "/user/%F0%9F/listens")
    queries = ("", "hs=true", "format=json", "format=xml", "token=%ff", "a&b&&=", "format=%00", "s=" + "a" * 3_000)
    how = chance.randrange(4)
    if how == 0:
        path += chance.choice(ends)
    elif how == 1:
        path = "/" * chance.randrange(1, 4) + path.strip("/").replace("/", "/" * chance.randrange(1, 3))
    elif how == 2:
        query = "&".join((query, chance.choice(queries)))
    else:
        query = quote_from_bytes(_mangled(chance, query.encode()), safe="/=&%[]+")
    return _another(sent, target=f"{path}?{query}" if query else path)


def _method(chance: random.Random, sent: Sent) -> Sent:
    return _another(sent, method=chance.choice(METHODS))


_CHANGES: tuple[Callable[[random.Random, Sent], Sent], ...] = (
    _body, _bytes, _noise, _large, _packed, _header, _target, _method,
)  # fmt: skip
_WEIGHTS = (12, 4, 1, 1, 2, 3, 3, 2)
