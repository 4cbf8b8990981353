"""The scenario of edge cases: plays that are hard to match, to place or to draw. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from webapp.core.gazetteer import Gazetteer
from webapp.seed.blocks import Block, play_head

LONG = 300
"""Most characters of a title or an artist."""


@dataclass(frozen=True, slots=True)
class Press:
    """One listener's press in a city, `after_ms` after the case's first."""

    city: str
    country: str
    after_ms: int
    listener: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A track and its presses; a press may spell the title differently."""

    title: str
    artist: str
    presses: tuple[Press, ...]

    def rows(self, gazetteer: Gazetteer, at_ms: int, number: int) -> Iterator[tuple[int, bytes, int]]:
        """Yield (at_ms, head, number) of the presses, counted from `at_ms` and `number`."""
        for offset, press in enumerate(self.presses):
            track = {"title": press.title or self.title, "artist": self.artist}
            place = gazetteer.geoname_id[gazetteer.by_name(press.city, press.country)]
            head = play_head(track, {"geoname_id": int(place)}, press.listener)
            yield at_ms + press.after_ms, head, number + offset


def blocks(cases: tuple[Case, ...], gazetteer: Gazetteer, rate: float) -> Iterator[Block]:
    """Yield the cases' plays for ever, a block for each round, at an average of `rate` plays a second."""
    presses = sum(len(case.presses) for case in cases)
    for round_number in count():
        number = round_number * presses + 1
        rows: list[tuple[int, bytes, int]] = []
        for case in cases:
            rows += case.rows(gazetteer, int((number - 1) * 1000 / rate), number)
            number += len(case.presses)
        yield Block.of(sorted(rows, key=lambda row: row[0]))


def _pair(title: str, artist: str, one: str, other: str, after_ms: int = 40, second: str = "") -> Case:
    presses = (_press(one, 0, "a"), _press(other, after_ms, "b", second))
    return Case(title, artist, presses)


def _press(place: str, after_ms: int, listener: str, title: str = "") -> Press:
    city, country = place.rsplit(", ", 1)
    return Press(city, country, after_ms, f"edge {listener}", title)


def _filled(words: str) -> str:
    return (words * LONG)[:LONG].rstrip().ljust(LONG, "!")


_EDGE = "The Edge Cases Society"

CASES = (
    # across the antimeridian
    _pair("Tomorrow Is Yesterday", _EDGE, "Suva, FJ", "Apia, WS"),
    _pair("Date Line Waltz", _EDGE, "Auckland, NZ", "Honolulu, US"),
    _pair("Bering Strait Bossa", _EDGE, "Anchorage, US", "Petropavlovsk-Kamchatsky, RU"),
    _pair("Kilo Zulu", _EDGE, "Nuku'alofa, TO", "Majuro, MH"),
    # nearly antipodes: both ways round are about as long
    _pair("Dig Straight Down", _EDGE, "Taipei, TW", "Asunción, PY"),
    _pair("Upside Down and Back", _EDGE, "Montevideo, UY", "Seoul, KR"),
    _pair("The Longest Way Round", _EDGE, "Hamilton, NZ", "Córdoba, ES"),
    _pair("Halfway Is Twenty Thousand", _EDGE, "Jakarta, ID", "Bogotá, CO"),
    # over and around the poles, along the equator and the meridian of 0
    _pair("Over the Top", _EDGE, "Toronto, CA", "Almaty, KZ"),
    _pair("Midnight Sun, Polar Night", _EDGE, "Murmansk, RU", "Punta Arenas, CL"),
    _pair("Latitude Nothing", _EDGE, "Quito, EC", "Kampala, UG"),
    _pair("Longitude Nothing", _EDGE, "London, GB", "Accra, GH"),
    # neighbours: an arc that is nearly a point
    _pair("Across the River", _EDGE, "Kinshasa, CD", "Brazzaville, CG"),
    _pair("Twin Capitals", _EDGE, "Vienna, AT", "Bratislava, SK"),
    _pair("Ambassador Bridge at Dawn", _EDGE, "Detroit, US", "Windsor, CA"),
    # one city, and plays without a connection: alone, the same listener twice, just outside the window
    _pair("Same Platform, Same Song", _EDGE, "Tokyo, JP", "Tokyo, JP"),
    Case("Party of One", _EDGE, (_press("Reykjavík, IS", 0, "a"),)),
    Case("Echo", _EDGE, (_press("Lima, PE", 0, "a"), _press("Lima, PE", 300, "a"))),
    _pair("A Window and a Millisecond", _EDGE, "Oslo, NO", "Nairobi, KE", 1001),
    # the edges of the window
    _pair("Exactly One Window", _EDGE, "Lagos, NG", "Sydney, AU", 1000),
    _pair("Not a Millisecond Between", _EDGE, "Chennai, IN", "Denver, US", 0),
    Case("Three Is a Crowd", _EDGE, (
        _press("Cairo, EG", 0, "a"), _press("Dublin, IE", 120, "b"), _press("Manila, PH", 250, "c"),
    )),
    # long, right to left, mixed directions, and other difficult text
    _pair(_filled("An Unreasonably Long Title "), _EDGE, "Madrid, ES", "Perth, AU"),
    _pair(_filled("Donaudampfschifffahrt"), _filled("Ohneleerzeichenkapelle"), "Berlin, DE", "Osaka, JP"),
    _pair(_filled("أغنية طويلة جدا بلا نهاية "), _filled("فرقة الأسماء الطويلة "), "Baghdad, IQ", "Tunis, TN"),
    _pair(_filled("終電を逃した夜の歌"), _EDGE, "Kyoto, JP", "Recife, BR"),
    _pair("שלום 24 (Live in Haifa)", "להקת שני הכיוונים", "Haifa, IL", "New York City, US"),
    _pair("رقم ١٢٣ – Remix (2026)", "DJ يمين يسار", "Amman, JO", "Paris, FR"),
    _pair("<img src=x onerror=alert(1)>", "<b>The Angle Brackets</b> & Sons", "Boston, US", "Kyiv, UA"),
    _pair('"Quoted" \\ Back\\slashed', "O'Neill; DROP TABLE plays", "Cardiff, GB", "Jaipur, IN"),
    _pair("🚲🌧️🏠", "🎷 und Söhne", "Zürich, CH", "Hanoi, VN"),
    _pair("Z̷̢̛̗̈́a̸̰̎l̵̯̇g̴̱̈́o̷͇͒ Lullaby", _EDGE, "Prague, CZ", "Santiago, CL"),
    _pair("?", "!", "Mumbai, IN", "Toronto, CA"),
    _pair("Ｎｉｇｈｔ  ＢＵＳ home", "the harbour lamps", "Istanbul, TR", "São Paulo, BR", 40, "Night Bus Home"),
)  # fmt: skip
