"""Reads what clients send to ListenBrainz's submit-listens: JSON whose fields are often wrong. Sans-I/O.

https://listenbrainz.readthedocs.io/en/latest/users/json.html says what is right. Limits that it documents are kept.
Other fields that are wrong are left out, and the play stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from webapp.core import precision
from webapp.ingest import songfields
from webapp.ingest.submissions import Kind, Song, Submission

LISTENS_MOST = 1_000
LISTEN_BYTES = 10_240
_VALUES_MOST = 400 * LISTENS_MOST
"""Values of a body, about. Millions of them would be skipped, but not soon, and nothing else is done meanwhile."""
AHEAD_S = 3_600
"""How far in the future ListenBrainz lets a listen be, because clocks differ."""
EARLIEST_S = 1_033_430_400
"""2002-10-01, before which ListenBrainz takes no listen."""
KINDS: dict[bytes, Kind] = {b'"playing_now"': "now_playing", b'"single"': "scrobble", b'"import"': "import"}
_NAMES = ("media_player", "listening_from", "music_service_name", "music_service")


class ListensError(ValueError):
    """A body that is not taken; `str()` says why, in ListenBrainz's words where it has any."""


class _Body(msgspec.Struct):
    listen_type: Raw = Raw(b"")
    payload: Raw = Raw(b"")


_BODY = msgspec.json.Decoder(_Body)
_FEW = msgspec.json.Decoder(list[Raw])
# Places for the most listens and one more. Elements beyond are skipped: a list of millions costs no memory.
_PLACES = msgspec.defstruct("_Places", [(f"at_{n}", Raw, None) for n in range(LISTENS_MOST + 1)], array_like=True)
_MANY = msgspec.json.Decoder(_PLACES)


def read_listens(body: bytes, agent: str, now_s: float) -> list[Submission]:
    """Return the plays that a body announces.

    Args:
        body: as it was sent.
        agent: the User-Agent; empty if there is none.
        now_s: the time of arrival, epoch seconds.

    Raises:
        ListensError: ListenBrainz would not take it either.
    """
    try:
        return _submissions(body, agent, now_s)
    except msgspec.ValidationError:
        raise ListensError("Invalid JSON document submitted.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ListensError(f"Cannot parse JSON document: {error}") from None
    except RecursionError:
        raise ListensError("Cannot parse JSON document: it is nested too deeply") from None


def _submissions(body: bytes, agent: str, now_s: float) -> list[Submission]:
    if sum(map(body.count, b",[{")) > _VALUES_MOST:
        raise ListensError("JSON document is too large: it has too many values.")
    sent = _BODY.decode(body)
    listens = _listens(bytes(sent.payload))
    _check_sizes(listens, body)
    kind = KINDS.get(bytes(sent.listen_type))
    if kind is None:
        raise ListensError("JSON document requires a valid listen_type key.")
    if kind != "import" and len(listens) > 1:
        raise ListensError(
            "JSON document contains more than one listen for a single/playing_now. It should contain only one."
        )
    return [_submission(msgspec.json.decode(listen), kind, agent, now_s) for listen in listens]


def _listens(payload: bytes) -> list[Raw]:
    if not payload.startswith(b"["):
        raise ListensError("The payload in the JSON document should be a list of listens.")
    if len(payload) <= LISTEN_BYTES:
        return _FEW.decode(payload)
    return list(_filled(_MANY.decode(payload)))


def _filled(places: Any) -> Iterator[Raw]:
    for place in msgspec.structs.astuple(places):
        if place is None:
            return
        yield place


def _check_sizes(listens: list[Raw], body: bytes) -> None:
    if not listens:
        raise ListensError("JSON document does not contain any listens")
    if len(listens) > LISTENS_MOST:
        raise ListensError(f"Too many listens. You may not submit more than {LISTENS_MOST} listens at once.")
    if len(body) > len(listens) * LISTEN_BYTES or max(map(_length, listens)) > LISTEN_BYTES:
        raise ListensError(f"JSON document is too large. Each listen may not be larger than {LISTEN_BYTES} bytes.")


def _length(raw: Raw) -> int:
    return len(memoryview(raw))


def _submission(listen: Any, kind: Kind, agent: str, now_s: float) -> Submission:
    if not isinstance(listen, dict):
        raise ListensError("Each listen in the payload should be a JSON object.")
    listened_s = _listened_s(listen, kind, now_s)
    metadata = _metadata(listen)
    info = metadata.get("additional_info")
    info = info if isinstance(info, dict) else {}
    return Submission(_song(metadata, info), kind, precision.of_client(_words(info, agent)), listened_s=listened_s)


def _listened_s(listen: dict[str, Any], kind: Kind, now_s: float) -> float | None:
    if kind == "now_playing":
        if listen.get("listened_at") is not None:
            raise ListensError("JSON document must not contain listened_at while submitting playing_now.")
        return None
    if "listened_at" not in listen:
        raise ListensError("JSON document must contain the key listened_at at the top level.")
    return _checked_time(songfields.number(listen["listened_at"]), now_s)


def _checked_time(listened_s: float | None, now_s: float) -> float:
    if listened_s is None:
        raise ListensError("JSON document must contain an int value for listened_at.")
    if listened_s >= now_s + AHEAD_S:
        raise ListensError("Value for key listened_at is too high.")
    if listened_s < EARLIEST_S:
        raise ListensError(
            "Value for key listened_at is too low. listened_at timestamp should be greater than "
            f"{EARLIEST_S} (2002-10-01 00:00:00 UTC)."
        )
    return listened_s


def _metadata(listen: dict[str, Any]) -> dict[str, Any]:
    if "track_metadata" not in listen:
        raise ListensError("JSON document must contain the key track_metadata at the top level.")
    metadata = listen["track_metadata"]
    if metadata is None:
        raise ListensError("JSON document may not have track_metadata with null value.")
    if not isinstance(metadata, dict):
        raise ListensError("track_metadata must be a JSON object.")
    return metadata


def _song(metadata: dict[str, Any], info: dict[str, Any]) -> Song:
    return Song(
        title=_required(metadata, "track_name"),
        artist=_required(metadata, "artist_name"),
        album=songfields.name(metadata.get("release_name")) or None,
        duration_s=songfields.duration_s(info.get("duration_ms"), 1000) or songfields.duration_s(info.get("duration")),
        recording=songfields.recording(info.get("recording_mbid"), info.get("isrc")),
        url=songfields.link(info.get("spotify_id"), info.get("origin_url")),
    )


def _required(metadata: dict[str, Any], key: str) -> str:
    value = metadata.get(key)
    if key not in metadata:
        raise ListensError(f"JSON document does not contain required field track_metadata.{key}.")
    if not isinstance(value, str):
        raise ListensError(f"track_metadata.{key} must be a single string.")
    if not (name := songfields.name(value)):
        raise ListensError(f"field track_metadata.{key} is empty.")
    return name


def _words(info: dict[str, Any], agent: str) -> list[str]:
    """Return what a client calls itself, the most telling first.

    The program that submits decides how late its messages are, whatever the player. So its name alone counts.
    """
    client = info.get("submission_client")
    if isinstance(client, str) and client.strip():
        return [client]
    return [*(text for name in _NAMES if isinstance(text := info.get(name), str)), agent]
