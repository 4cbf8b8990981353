"""What is shared: pictures, codes, playlists, feeds, tables, and what oEmbed answers."""

from __future__ import annotations

from webapp.openapi.operations import (
    EXAMPLE_ID,
    SAME,
    Json,
    Operation,
    Sample,
    answer,
    errors,
    in_path,
    media,
    parameter,
    query,
    ref,
)
from webapp.openapi.reading import FILTERS
from webapp.openapi.schemas import ID, TEXT, thing
from webapp.storage.periods import PERIODS
from webapp.web.oembed import CACHE_S
from webapp.web.playlist import ORDERS, SONGS
from webapp.web.playlistformats import FORMATS
from webapp.web.stats import ROWS

TAG = "Sharing"
TABLES = ("songs", "sources", "pairs", "countries", "distances", "hours")
_MOMENT = in_path("id", "The id of a connection.", ID, EXAMPLE_ID)
_PERIOD = query("period", "How far back.", {"type": "string", "enum": list(PERIODS), "default": "day"})
_ORDER = query("by", "The order.", {"type": "string", "enum": list(ORDERS), "default": "most"})
_PNG = {"image/png": media({"type": "string", "contentMediaType": "image/png"})}
_SVG = {"image/svg+xml": media(TEXT)}
_GONE = ("404", "410", "503")
_CODES = (("Svg", "svg", _SVG), ("Png", "png", _PNG))


def schemas() -> dict[str, Json]:
    """Return the schemas of answers, by name."""
    size: Json = {"type": "integer", "minimum": 1}
    fields: dict[str, Json] = {
        **dict.fromkeys(("title", "provider_name", "provider_url", "html", "thumbnail_url"), TEXT),
        **dict.fromkeys(("cache_age", "width", "height", "thumbnail_width", "thumbnail_height"), size),
        "version": {"const": "1.0"},
        "type": {"const": "rich"},
    }
    picture = ("thumbnail_url", "thumbnail_width", "thumbnail_height")
    track = thing(
        "A song; only what is known.",
        {
            **dict.fromkeys(("title", "creator", "annotation", "info", "image"), TEXT),
            **{name: {"type": "array", "items": TEXT} for name in ("location", "identifier")},
        },
        *("location", "identifier", "image"),
    )
    listed = {
        **dict.fromkeys(("title", "creator", "info", "date"), TEXT),
        "track": {"type": "array", "items": track},
    }
    return {
        "OEmbed": thing("What stands for a page of ours on other people's.", fields, *picture),
        "Jspf": thing("A playlist.", {"playlist": thing("The songs.", listed)}),
    }


def operations() -> list[Operation]:
    """Return what is shared."""
    return [_share(), *_pictures(), *_codes(), *map(_playlist, FORMATS), _feed(), _table(), _oembed()]


def _share() -> Operation:
    return Operation(
        id="shareMoment",
        method="post",
        path="/c/{id}/share",
        tag=TAG,
        summary="Keep a connection longer than others",
        text="For our own pages and for programs. `GET /c/{id}` is the connection's page.",
        parameters=[_MOMENT],
        answers={"204": answer("It is kept."), **errors("403", "429", *_GONE)},
    )


def _picture(id: str, path: str, summary: str, parameters: list[Json], *refused: str) -> Operation:
    return Operation(
        id=id,
        method="get",
        path=path,
        tag=TAG,
        summary=summary,
        parameters=[*parameters, parameter("lang")],
        answers={"200": answer("The picture.", _PNG), **SAME, **errors("429", "503", *refused)},
    )


def _pictures() -> list[Operation]:
    story = "Get a picture of a connection, 1080 × 1920 pixels, with a QR code"
    return [
        _picture("getMomentCard", "/c/{id}/card.png", "Get a picture of a connection", [_MOMENT], *_GONE),
        _picture("getMomentStory", "/c/{id}/story.png", story, [_MOMENT], *_GONE),
        _picture("getGlobeCard", "/card.png", "Get a picture of the globe", FILTERS, "400"),
        _picture("getPlaylistCard", "/playlist/card.png", "Get a picture of the playlist", [_PERIOD, _ORDER], "400"),
    ]


def _codes() -> list[Operation]:
    made = []
    for name, ending, content in _CODES:
        drawn = {"200": answer("The code.", content), **SAME}
        made += [
            Operation(
                id=f"getMomentCode{name}",
                method="get",
                path=f"/c/{{id}}/code.{ending}",
                tag=TAG,
                summary=f"Get a QR code to a connection's page ({ending.upper()})",
                parameters=[_MOMENT],
                answers={**drawn, **errors("429", *_GONE)},
            ),
            Operation(
                id=f"getCode{name}",
                method="get",
                path=f"/code.{ending}",
                tag=TAG,
                summary=f"Get a QR code to the globe with its filter ({ending.upper()})",
                text="With `embed=1`, the code leads to the embed with the query's other parameters; with `connect=1` "
                "alone, to `/connect`, where the server has that.",
                parameters=[*FILTERS, parameter("lang")],
                answers={**drawn, **errors("400", "404", "429", "503")},
            ),
        ]
    return made


def _playlist(ending: str) -> Operation:
    kind = FORMATS[ending][0].partition(";")[0]
    schema = ref("Jspf") if ending == "jspf" else TEXT
    only = " Only songs with a url." if ending == "m3u" else ""
    return Operation(
        id=f"getPlaylist{ending.title()}",
        method="get",
        path=f"/playlist.{ending}",
        tag=TAG,
        summary=f"Get the songs that brought people together, as {ending.upper()}",
        text=f"Up to {SONGS} songs.{only}",
        parameters=[_PERIOD, _ORDER],
        answers={"200": answer("The playlist.", {kind: media(schema)}), **errors("400", "429")},
        sample=Sample(query={"period": "week", "by": "farthest"}),
    )


def _feed() -> Operation:
    return Operation(
        id="getFeed",
        method="get",
        path="/moments.atom",
        tag=TAG,
        summary="Get the latest 50 connections as an Atom feed",
        parameters=[*FILTERS, parameter("lang")],
        answers={
            "200": answer("The feed.", {"application/atom+xml": media(TEXT)}),
            **SAME,
            **errors("400", "429"),
        },
        docs="https://www.rfc-editor.org/rfc/rfc4287",
        sample=Sample(query={"country": "BR"}),
    )


def _table() -> Operation:
    of: Json = {"type": "string", "enum": list(TABLES), "default": TABLES[0]}
    return Operation(
        id="getStatsCsv",
        method="get",
        path="/stats.csv",
        tag=TAG,
        summary="Get a table of the statistics as CSV",
        text=f"`songs`, `pairs` and `countries` have up to {ROWS} rows.",
        parameters=[_PERIOD, query("of", "Which table.", of)],
        answers={"200": answer("The table.", {"text/csv": media(TEXT)}), **errors("400", "429")},
        sample=Sample(query={"of": "countries", "period": "week"}),
    )


def _oembed() -> Operation:
    size: Json = {"type": "integer", "minimum": 1, "maximum": 10**9 - 1}
    content = {"application/json": media(ref("OEmbed")), "text/xml": media(TEXT)}
    url = "https://unison.example.org/"
    return Operation(
        id="getOembed",
        method="get",
        path="/oembed",
        tag=TAG,
        summary="Get what stands for a page of ours on other people's",
        text=f"Keep the answer for {CACHE_S} s.",
        parameters=[
            query("url", "The address of a page of this server.", {"type": "string", "minLength": 1}, required=True)
            | {"example": url},
            query("format", "The format.", {"type": "string", "enum": ["json", "xml"], "default": "json"}),
            query("maxwidth", "The room that there is, in pixels.", size),
            query("maxheight", "Likewise.", size),
        ],
        answers={
            "200": answer("The frame.", content),
            **SAME,
            **errors("400", "410", "429", "501", "503", _404="The address is none of ours, or cannot be embedded."),
        },
        docs="https://oembed.com",
        sample=Sample(query={"url": url}),
    )
