"""What programs read: the stream, and recorded connections."""

from __future__ import annotations

from webapp.core import search
from webapp.core.filters import FILTER_NAMES
from webapp.core.validation import TEXT_MOST
from webapp.openapi.operations import (
    EXAMPLE_ID,
    JSON,
    TEXT,
    Json,
    Operation,
    Sample,
    answer,
    errors,
    media,
    of_json,
    parameter,
    query,
    ref,
)
from webapp.openapi.schemas import COUNT, COUNTED, EPOCH_S, ID, TRACK_ID, items, of_struct, or_null, thing
from webapp.openapi.schemas import TEXT as WORDS
from webapp.storage.quartersums import QUARTER_S
from webapp.web import api
from webapp.web.today import HOURS_MAX

STREAM_TAG, TAG = "Stream", "Recorded connections"
FILTERS = [parameter(name) for name in FILTER_NAMES]
_VISIBLE = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0][^\x00-\x1f\x7f-\x9f]*$"
"""A text without control characters, and with a visible one."""
_SINCE = "To resume: `stream` of `hello`, a colon, and the `seq` of the last message that you got."


def parameters() -> dict[str, Json]:
    """Return the filters, and other parameters that several operations have, by name."""
    name = {"type": "string", "minLength": 1, "maxLength": TEXT_MOST, "pattern": r"\S"}
    codes = {"type": "string", "pattern": "^[A-Za-z]{2}$"}
    shown = [
        query("artist", "Only songs of this artist, the first that a credit lists.", name, example="Marisol Vey"),
        query("track", "Only this song.", TRACK_ID, example="apg06aese3g8gv62"),
        query("country", "Only what has one end in this country (ISO 3166-1).", codes, example="BR"),
        query("city", "Only what has one end in this city (GeoNames id).", {"type": "integer"}, example=3390760),
        query("lang", "Language of the words, such as `de`. English, if it is not one of ours.", WORDS),
    ]
    return {each["name"]: each for each in shown}


def schemas() -> dict[str, Json]:
    """Return the schemas of answers, by name."""
    latest = dict.fromkeys(("together", "connections", "same_city", "shown"), COUNT)
    stats = {
        "stream": WORDS,
        "seq": COUNT,
        "now": EPOCH_S,
        "window_s": {"type": "number"},
        "viewers": COUNT,
        "last_10_s": thing("The last ten seconds.", {"plays_per_s": {"type": "number", "minimum": 0}} | latest),
        "plays_by_source": ref("PlaysBySource"),
        "total": thing("Since the start.", dict.fromkeys(COUNTED, COUNT)),
    }
    past = {
        "now": EPOCH_S,
        "oldest": or_null(EPOCH_S),
        "frames": items(ref("Frame"), description="Without sparks; with a filter, without pulses."),
    }
    today = {
        "since": {"type": "integer", "description": "As asked for."},
        "city": or_null(ref("City")),
        "meetings": {**COUNT, "description": "Connections that everyone was shown."},
        "countries": items(
            {"type": "string", "pattern": "^[A-Z]{2}$"},
            uniqueItems=True,
            description="ISO 3166-1 codes of all countries with a meeting; for a city, those of the other ends.",
        ),
        "farthest": or_null(ref("Connection")),
        "stream": {**WORDS, "description": "The `stream` of `seq`, as in `hello`."},
        "seq": {**COUNT, "description": "The newest message that is counted; add those with a higher `seq`."},
    }
    return {
        "Connections": thing(
            "Recorded connections, newest first.",
            {"connections": items(ref("Connection")), "next": or_null({**ID, "description": "Give it as `before`."})},
        ),
        "Past": thing("The messages of some seconds. `oldest` is the time of the oldest that is kept.", past),
        "Stats": thing("Sums.", stats),
        "Today": thing("What everyone was shown since a quarter hour.", today),
        "SearchResult": of_struct(search.Result, "Something that was found, with the filter that shows it alone."),
        "SearchResults": thing("The best first.", {"results": items(ref("SearchResult"))}),
    }


def operations() -> list[Operation]:
    """Return the stream and what is recorded."""
    return [_stream(), _connections(), _past(), _search(), _today(), _stats()]


def _stream() -> Operation:
    plain = {TEXT: media(WORDS)}
    return Operation(
        id="stream",
        method="get",
        path="/stream",
        tag=STREAM_TAG,
        summary="Watch connections, live (websocket)",
        text=(
            "A websocket with JSON text messages, each a `StreamMessage`: first `Hello`, then a `Frame` at least once "
            "a second, and `Bye` before the server asks you to reconnect. Without a filter, a `Lead` follows `Hello`, "
            "and comes every ten seconds. You send nothing.\n\n"
            "To reconnect without missing anything, add `since`; this works for about a minute. "
            "The server chooses what to show for each filter.\n\n"
            "Pages of other sites cannot open the stream, unless the operator allows their host."
        ),
        parameters=[*FILTERS, query("since", _SINCE, WORDS)],
        answers={
            "101": answer("The websocket is open."),
            **errors(_403="A page of another host opened the stream.", _429="Too many viewers from your address."),
            **errors(_503="Too many viewers, or too many filters. Wait for `Retry-After`."),
            "400": answer(
                "A filter or a header of the handshake is wrong.", {JSON: media(ref("Error")), TEXT: media(WORDS)}
            ),
            "426": answer("The request does not ask for a websocket.", plain),
        },
        sample=Sample(
            query={"country": "BR"},
            headers={
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            },
        ),
    )


def _connections() -> Operation:
    limit = {"type": "integer", "minimum": 1, "maximum": api.LIMIT_MAX, "default": api.DEFAULT_LIMIT}
    return Operation(
        id="listConnections",
        method="get",
        path="/api/connections",
        tag=TAG,
        summary="List recorded connections, newest first",
        parameters=[
            *FILTERS,
            query("limit", "How many.", limit, example=20),
            query("before", "For the next page: `next` of the page before.", ID, example=EXAMPLE_ID),
        ],
        answers={"200": of_json("A page of connections.", "Connections"), **errors("400", "429")},
        sample=Sample(query={"country": "BR", "limit": "5"}),
    )


def _past() -> Operation:
    seconds = {"type": "integer", "minimum": 1, "maximum": api.SECONDS_MAX}
    start = {"type": "number", "minimum": 0, "maximum": 10**10}
    return Operation(
        id="listPast",
        method="get",
        path="/api/past",
        tag=TAG,
        summary="Read the messages that everyone was shown",
        text="With a filter: what was recorded and passes it.",
        parameters=[
            *FILTERS,
            query("from", "From when, epoch seconds.", start, required=True, example=1795250489),
            query("seconds", "How long.", seconds, required=True, example=30),
        ],
        answers={"200": of_json("The messages.", "Past"), **errors("400", "429", "503")},
        sample=Sample(query={"from": "1795250489", "seconds": "30"}),
    )


def _search() -> Operation:
    text = {"type": "string", "minLength": 1, "maxLength": search.LONGEST, "pattern": _VISIBLE}
    return Operation(
        id="search",
        method="get",
        path="/api/search",
        tag=TAG,
        summary="Find artists, songs, countries and cities",
        text=(
            "Results begin with the text, with or without accents, except for places with a comma such as "
            "`Portland, Maine`. Countries are found by their names in the language of `lang`, too."
        ),
        parameters=[
            query("q", "What was typed.", text, required=True, example="osa"),
            query("kind", "Only results of this kind.", {"type": "string", "enum": list(FILTER_NAMES)}, example="city"),
            parameter("lang"),
        ],
        answers={"200": of_json("What was found.", "SearchResults"), **errors("400", "429")},
        sample=Sample(query={"q": "osa"}),
    )


def _today() -> Operation:
    since = {"type": "integer", "minimum": 0, "multipleOf": QUARTER_S}
    text = f"When to begin, epoch seconds: the begin of a quarter hour, at most {HOURS_MAX} hours ago."
    return Operation(
        id="getToday",
        method="get",
        path="/api/today",
        tag=TAG,
        summary="Read how many meetings everyone was shown since a quarter hour",
        text=(
            "For a running total, watch `/stream` without a filter, and add the connections of each message whose "
            "`seq` is higher than the answer's, if both have the same `stream`. An answer is up to some seconds old."
        ),
        parameters=[query("since", text, since, required=True, example=1795250700), parameter("city")],
        answers={"200": of_json("The totals.", "Today"), **errors("400", "429", "503")},
        sample=Sample(query={"since": "1795250700", "city": "3390760"}),
    )


def _stats() -> Operation:
    return Operation(
        id="getStats",
        method="get",
        path="/api/stats",
        tag=TAG,
        summary="Read the last ten seconds, and totals since the start",
        answers={"200": of_json("The sums.", "Stats")},
    )
