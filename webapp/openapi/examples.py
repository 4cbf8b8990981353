"""The examples of the document. Their songs and artists do not exist."""

from __future__ import annotations

from typing import Any

OSAKA = {
    "geoname_id": 1853909, "city": "Osaka", "country": "Japan", "country_code": "JP", "lon": 135.50107,
    "lat": 34.69379, "region": None, "tz": "Asia/Tokyo", "label": "Osaka",
}  # fmt: skip
RECIFE = {
    "geoname_id": 3390760, "city": "Recife", "country": "Brazil", "country_code": "BR", "lon": -34.88111,
    "lat": -8.05389, "region": "Pernambuco", "tz": "America/Recife", "label": "Recife",
}  # fmt: skip
TRACK = {
    "id": "apg06aese3g8gv62", "title": "Slow Lighthouse", "artist": "Marisol Vey", "recording": None, "url": None,
    "artwork_url": None,
}  # fmt: skip
CONNECTION: dict[str, Any] = {
    "id": "06gvqh492ncemaiql7c4g70", "source": "live", "at": 1795250489.621, "apart_ms": 40, "km": 16897,
    "track": TRACK, "from": OSAKA, "to": RECIFE,
}  # fmt: skip
INEXACT: dict[str, Any] = {
    "id": "06gvqh492ncemaiql7c4g7g", "source": "live", "at": 1795250489.8, "apart_ms": None, "within_s": 3, "km": 16897,
    "track": TRACK, "from": OSAKA, "to": RECIFE,
}  # fmt: skip
PULSE = {"source": "live", "at": 1795250489.7, "apart_ms": 210, "track": TRACK, "city": OSAKA}
SPARK = {"source": "live", "at": 1795250489, "city": RECIFE, "track": TRACK}
BY_SOURCE = {"live": 3, "synthetic": 0, "replay": 0}
COUNTS = {
    "plays": 3, "together": 2, "connections": 1, "same_city": 0, "shown": 1, "late": 0, "lost": 0, "thinned": 0,
    "unmatched": 0, "plays_by_source": BY_SOURCE,
}  # fmt: skip
HELLO: dict[str, Any] = {
    "type": "hello", "protocol": 1, "stream": "k3v9f2", "seq": 4711, "now": 1795250490.25, "window_s": 1.0,
    "plays_by_source": BY_SOURCE, "recent": [CONNECTION], "gap": None,
}  # fmt: skip
CROWD: dict[str, Any] = {"track": TRACK, "plays": 7, "cities": [{"city": OSAKA, "plays": 4}]}
FRAME: dict[str, Any] = {
    "type": "connections", "seq": 4712, "now": 1795250490.5, "connections": [CONNECTION], "pulses": [PULSE],
    "sparks": [SPARK], "crowd": CROWD, "counts": COUNTS,
}  # fmt: skip
LEAD: dict[str, Any] = {"type": "lead", "connection": CONNECTION}
PLAY: dict[str, Any] = {
    "track": {"title": "Slow Lighthouse", "artist": "Marisol Vey"},
    "listener": "7f3a9c",
    "place": {"city": "Osaka", "country": "JP"},
}
RECEIPT: dict[str, Any] = {
    "accepted": 2,
    "late": 0,
    "rejected": 1,
    "errors": [
        {"index": 1, "field": "place", "error": "no city 'Atlantis' in country 'GR'; there is one in ZA, US"},
    ],
    "notes": [{"index": 2, "city": OSAKA}],
}
LISTEN: dict[str, Any] = {
    "listen_type": "playing_now",
    "payload": [
        {
            "track_metadata": {
                "track_name": "Slow Lighthouse",
                "artist_name": "Marisol Vey",
                "additional_info": {"submission_client": "example", "duration_ms": 204000},
            }
        }
    ],
}
