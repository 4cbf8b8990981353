"""What each method of Last.fm's web service answers, as a tree of elements; None if there is nothing to answer with."""

from __future__ import annotations

from webapp.ingest.lastfmcalls import Asked, Play
from webapp.ingest.lfmdocuments import Element
from webapp.ingest.submissions import Outcome

_NOTHING, _NO_ARTIST, _NO_TRACK = 0, 1, 2
"""Codes of `ignoredMessage`: why a play was left out."""
_IMAGE_SIZES = ("small", "medium", "large", "extralarge")


def request_token(_asked: Asked, outcome: Outcome) -> Element | None:
    """Answer auth.getToken."""
    return Element("token", outcome.request_token) if outcome.request_token else None


def session(_asked: Asked, outcome: Outcome) -> Element | None:
    """Answer auth.getMobileSession and auth.getSession. The user's name is the token's id."""
    if outcome.session is None or outcome.principal is None:
        return None
    name, key = Element("name", outcome.principal.id), Element("key", outcome.session)
    return Element("session", children=(name, key, Element("subscriber", 0)))


def user(asked: Asked, outcome: Outcome) -> Element | None:
    """Answer user.getInfo. We count nobody's plays, so the counts are 0."""
    if outcome.principal is None:
        return None
    texts = {"name": outcome.principal.id, "realname": "", "url": f"{asked.base}/connect", "country": "", "age": "0"}
    texts |= {"gender": "n", "subscriber": "0", "playcount": "0", "playlists": "0", "bootstrap": "0", "type": "user"}
    created_s = int(outcome.principal.created_s)
    images = [Element("image", "", {"size": size}) for size in _IMAGE_SIZES]
    registered = Element("registered", created_s, {"unixtime": str(created_s)})
    children = [*(Element(name, text) for name, text in texts.items()), *images, registered]
    return Element("user", children=children, lists=("image",))


def recent_tracks(_asked: Asked, outcome: Outcome) -> Element | None:
    """Answer user.getRecentTracks with none, since none are kept. Pano Scrobbler and multi-scrobbler ask for them."""
    if outcome.principal is None:
        return None
    counts = {"page": "1", "perPage": "50", "totalPages": "0", "total": "0"}
    return Element("recenttracks", attributes={"user": outcome.principal.id} | counts, lists=("track",))


def now_playing(asked: Asked, outcome: Outcome) -> Element | None:
    """Answer track.updateNowPlaying."""
    code, *_ = _codes(asked, outcome)
    return Element("nowplaying", children=(*_names(asked.plays[0]), _ignored(code)))


def scrobbles(asked: Asked, outcome: Outcome) -> Element | None:
    """Answer track.scrobble, play by play."""
    codes = _codes(asked, outcome)
    ignored = sum(code != _NOTHING for code in codes)
    children = [_scrobble(play, code) for play, code in zip(asked.plays, codes, strict=True)]
    return Element("scrobbles", attributes={"accepted": len(codes) - ignored, "ignored": ignored}, children=children)


def _codes(asked: Asked, outcome: Outcome) -> list[int]:
    """Return for each play why it was left out. Submissions are the plays that have a song, in order."""
    codes, place = [], 0
    for play in asked.plays:
        if play.song is None:
            codes.append(_NO_TRACK if play.names["artist"] else _NO_ARTIST)
        else:
            codes.append(_NO_TRACK if place in outcome.refused else _NOTHING)
            place += 1
    return codes


def _scrobble(play: Play, code: int) -> Element:
    stamp = Element("timestamp", "" if play.stamp is None else str(play.stamp))
    return Element("scrobble", children=(*_names(play), stamp, _ignored(code)))


def _names(play: Play) -> list[Element]:
    return [Element(field, name, {"corrected": "0"}) for field, name in play.names.items()]


def _ignored(code: int) -> Element:
    reasons = {_NO_ARTIST: "Artist was ignored", _NO_TRACK: "Track was ignored"}
    return Element("ignoredMessage", reasons.get(code, ""), {"code": str(code)})
