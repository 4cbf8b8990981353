"""The parameters of an embed: what each takes, and how an address's query is read.

A value that cannot be used is left out and noted, for the console of whoever puts the embed into their page; it never
costs them the globe. `docs/embed.md` has the table, and a test holds it equal to this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from webapp.core.filters import FILTER_NAMES, Filter, FilterError
from webapp.core.gazetteer import Gazetteer
from webapp.core.records import is_connection_id
from webapp.graphics import contrast
from webapp.web.languages import LANGUAGES, ours, sentence

TITLE_MOST = 120
NOTES_MAX = 10
"""Where more of a query is wrong, the rest of it is not read."""
TRANSPARENT = "transparent"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its values, what it is unless given, and a sentence, as the documentation has them."""

    name: str
    values: str
    default: str
    does: str


@dataclass(slots=True)
class EmbedOptions:
    """What an address asks for. Colours are "#rrggbb"; `at` is in epoch seconds; `notes` says what was left out."""

    theme: str = "auto"
    accent: str | None = None
    background: str | None = None
    lang: str | None = None
    filters: dict[str, str] = field(default_factory=dict)
    autorotate: bool = True
    controls: bool = True
    labels: bool = True
    feed: bool = False
    lead: bool = False
    logo: bool = True
    title: str = ""
    poster: bool = False
    moment: str | None = None
    at: float | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def look(self) -> str:
        """The theme that is meant: on a background of its own the one that suits it, unless one is asked for."""
        if self.theme != "auto" or self.background in (None, TRANSPARENT):
            return self.theme
        return "dark" if contrast.luminance(contrast.rgb(str(self.background))) < 0.18 else "light"


_SWITCH = "`0`, `1`"

PARAMETERS = (
    Parameter(
        "theme",
        "`dark`, `light`, `auto`",
        "`auto`",
        sentence("Dark, light or automatic, which follows the visitor's system or the background."),
    ),
    Parameter(
        "accent",
        "a hex colour, such as `ff5e8a`",
        "",
        sentence("Colour of arcs and labels. Made lighter or darker where the contrast is too low."),
    ),
    Parameter("background", "a hex colour, or `transparent`", "the theme's", sentence("Colour behind the globe.")),
    Parameter("lang", ", ".join(f"`{tag}`" for tag in LANGUAGES), "the visitor's", sentence("UI language.")),
    Parameter("artist", "a name", "", sentence("Show only this artist's songs.")),
    Parameter("track", "a track id", "", sentence("Show only this song.")),
    Parameter("country", "two letters", "", sentence("Show only connections with one end in this country.")),
    Parameter("city", "a GeoNames id", "", sentence("Show only connections with one end in this city.")),
    Parameter("autorotate", _SWITCH, "`1`", sentence("Rotate the globe automatically.")),
    Parameter("controls", _SWITCH, "`1`", sentence("Buttons to pause and zoom, and keyboard shortcuts.")),
    Parameter("labels", _SWITCH, "`1`", sentence("Show names of songs and cities on the globe.")),
    Parameter("feed", _SWITCH, "`0`", sentence("Show a list of the latest connections beside or below the globe.")),
    Parameter(
        "lead",
        _SWITCH,
        "`0`",
        sentence(
            "Tell about one pair every 10 seconds in one large sentence, on arrival and after 20 seconds without input."
            " Only live, and without a filter."
        ),
    ),
    Parameter("logo", _SWITCH, "`1`", sentence("Show the logo. It opens the full page in a new tab.")),
    Parameter("title", f"text, at most {TITLE_MOST} characters", "", sentence("Heading above the globe.")),
    Parameter("poster", _SWITCH, "`0`", sentence("Show a picture with a play button. A click loads the globe.")),
    Parameter("moment", "the id of a connection", "", sentence("Repeat this moment instead of the live stream.")),
    Parameter(
        "at",
        "epoch seconds, or an ISO 8601 time",
        "",
        sentence("Show what everyone saw from this time on, instead of live."),
    ),
)
"""All of them, in the order of the documentation."""


def read(pairs: Iterable[tuple[str, str]], gazetteer: Gazetteer, now_s: float) -> EmbedOptions:
    """Read a query's names and values; what cannot be used is left out and noted."""
    wish = EmbedOptions()
    given: set[str] = set()
    for name, value in pairs:
        if len(wish.notes) >= NOTES_MAX:
            break
        if name not in _NAMES:
            wish.notes.append(f"{name[:40]!r} is not a parameter of an embed; expected one of {', '.join(_NAMES)}")
        elif name in given:
            wish.notes.append(f"{name}={value[:40]!r} is ignored: {name} is given twice, and the first one counts")
        else:
            given.add(name)
            _apply(wish, name, value, gazetteer, now_s)
    return wish


def _apply(wish: EmbedOptions, name: str, value: str, gazetteer: Gazetteer, now_s: float) -> None:
    try:
        if name in FILTER_NAMES:
            Filter.parse([(name, value)], gazetteer)
            wish.filters[name] = value
        else:
            setattr(wish, name, _time(value, now_s) if name == "at" else _READERS[name](value))
    except FilterError as error:
        wish.notes.append(f"{error}; it is ignored")
    except ValueError as error:
        wish.notes.append(f"{name}={value[:40]!r} is ignored: expected {error}")


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("0 or 1")
    return text == "1"


def _theme(text: str) -> str:
    if text not in ("dark", "light", "auto"):
        raise ValueError("dark, light or auto")
    return text


def _accent(text: str) -> str:
    if (colour := contrast.parse_hex(text)) is None:
        raise ValueError("a hex colour such as ff5e8a")
    return colour


def _background(text: str) -> str:
    if text == TRANSPARENT:
        return text
    if (colour := contrast.parse_hex(text)) is None:
        raise ValueError("a hex colour such as ffffff, or transparent")
    return colour


def _language(text: str) -> str:
    if (tag := ours(text)) is None:
        raise ValueError(f"one of {', '.join(LANGUAGES)}")
    return tag


def _title(text: str) -> str:
    plain = " ".join(text.split())
    if len(plain) > TITLE_MOST or not plain.isprintable():
        raise ValueError(f"a text of at most {TITLE_MOST} characters")
    return plain


def _moment(text: str) -> str:
    if not is_connection_id(text):
        raise ValueError("the id of a connection, 23 characters of 0-9 and a-v")
    return text


def _time(text: str, now_s: float) -> float:
    try:
        at = float(text) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text) else _iso(text)
    except ValueError:
        raise ValueError("epoch seconds such as 1790000000, or a time such as 2026-09-21T14:13:20Z") from None
    if not 0 < at <= now_s:
        raise ValueError("a time in the past")
    return at


def _iso(text: str) -> float:
    """Return the epoch seconds of a time that says no zone as of UTC."""
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


_NAMES = tuple(parameter.name for parameter in PARAMETERS)
_READERS: dict[str, Callable[[str], Any]] = {
    "theme": _theme,
    "accent": _accent,
    "background": _background,
    "lang": _language,
    "title": _title,
    "moment": _moment,
    **dict.fromkeys(("autorotate", "controls", "labels", "feed", "lead", "logo", "poster"), _flag),
}
