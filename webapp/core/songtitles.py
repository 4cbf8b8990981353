"""Titles of songs: what names the song and its recording, without what says nothing of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from webapp.core.songtext import canonical, compatible, joined, visible_of, words

MOST_PARTS = 12
"""Parts of a title, in brackets or after dashes, that are read; more stay as they are."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SEPARATOR = re.compile(r"([()]| -+ ?|-+ |~+)")
_PIECE = re.compile(r'(?:"[^"]*"|[^"/,;·•])+|"')
_YEAR_BEFORE_REMASTER = re.compile(r"(- |\()((?:19|20)\d\d) - (?=(?:digital )?remaster)")

# Guests

GUESTS = r"(?:(?:feat|ft)(?:\.|(?= ))|featuring(?= ))(?= ?\S)"
"""What names guests, at its beginning."""
_GUESTS = re.compile(r"(?:feat|ft)\b|featuring\b")
BEFORE_GUESTS = '(?: |(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"!?]))'
"""What is before guests: scripts without spaces need none."""
_BARE_GUESTS = re.compile(rf"(?!(?<=\d) ft){BEFORE_GUESTS}{GUESTS}.*$")  # 6 ft tall
_CREDITS = re.compile(
    r"prod\b|produced by\b|(?:with|w/|con|avec)\s+(?!(?:me|you|ya|u|us|him|her|it|them|myself|yourself|my|your|our|his"
    r"|their|no|or|out|somebody|someone|a|an|te|ti|mi|tu|su|lei|lui|noi|voi|toi|moi|nous|vous|elle|eux|un|une)\b)"
)
_FROM = re.compile(r'(?:music |taken )?from\b.*(?:"|\b(?:film|movie|picture|soundtrack|ost)\b)')
_FILM = re.compile(r"""([(-] ?(?:music |taken )?from\b[^"'()-]*)(?:"[^"]*"|(?<= )'.*?'(?=[ ),]|$))""")

# What says nothing of the recording

_YEAR = re.compile(r"\b(?:19|20)\d\d(?:年|(?=リマスター)|(?!\w))|\b\d{1,3}(?:st|nd|rd|th)\b")
_SAY_NOTHING = _set(
    "remaster remastered remastering remasterizado remasterizada remasterise remasterisee remasterisado remastrad "
    "リマスター リマスター版 リマスタード 리마스터 album albumversion single lp original originale explicit clean mono "
    "stereo bonus deluxe edition anniversary official oficial officiel officielle offizielles ufficiale video audio "
    "videoclip mv lyric lyrics visualizer visualiser hd hq uhd 4k 1080p 720p soundtrack ost"
)
"""What says nothing of the recording, alone, among themselves, or with the words below."""
_SAY_LITTLE = _set(
    "version versao mix edit track tracks digital digitally newly music clip content the in en de and super special "
    "limited expanded collectors motion picture film movie full"
)
_SAY_NO_MORE = _SAY_NOTHING | _SAY_LITTLE
_RADIO = _SAY_NO_MORE | {"radio"}
_RECORDINGS = _set(
    "live remix acoustic instrumental inst karaoke cover demo unplugged reprise slowed sped mix edit version ver dub"
)
"""Beside these, what is in `_BESIDE` says nothing."""
_BESIDE = re.compile(
    r"(?:digital(?:ly)? )?remaster\w* (?:in )?(?:19|20)\d\d\b(?: version)?"
    r"|(?:\b(?:19|20)\d\d[ 年]*)?(?:\bdigital(?:ly)? )?(?:\bremaster\w*\b|リマスター\w*)(?: version)?"
    r"(?! (?:in )?(?:19|20)\d\d\b)"
    r"|\bofficial\b|\b(?:music |lyrics? )?(?:video|audio)$| bonus(?: track)?$"
    r"| (?:in )?(?:hd|hq|4k|stereo|mono|explicit|clean)$"
    r"|(?<=remix) radio (?:edit|version|mix)$|(?:(?<=live)|(?<=demo)) radio (?:edit|mix)$"
)
_SAME_VERSION = _set("live acoustic instrumental karaoke cover demo unplugged up slowed reprise remix")
"""After these, `version` says nothing more."""

# Words and numbers

AND_N = r"(?<=[^\W\d_])(?: ?'n'[ -]?|'?[ -]'?n'?[ -]|'n )(?=[^\W\d_])"
"""The `and` of rock'n'roll, rock 'n' roll and rock-n-roll."""
_AND = re.compile(rf"[&+]|{AND_N}")
_SHARP = re.compile(r"\b([a-g]) ?(?:#|-sharp\b)")
SHORT_WORDS = {
    "pt": "part", "pts": "parts", "vol": "volume", "vols": "volumes", "ver": "version", "inst": "instrumental",
    "rmx": "remix",
}  # fmt: skip
_NAMES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_DIGITS = {name: str(number) for number, name in enumerate(_NAMES, 1)}
_ROMAN = re.compile(r"(xl|x{0,3})(ix|iv|v?i{0,3})")
# A single letter is a number only at the end of a phrase: "The Best Part I Know" has no number.
_NUMBER = rf"(?:\d+|{'|'.join(_NAMES)}|[ivxl]{{2,}}|[ivx](?= ?(?:$|[^\w\s']|(?:and|to|of) [ivx\d])))\b"
_NUMBERED = re.compile(
    rf"\b(part|pt|volume|vol|chapter)s?(?:\. ?| |(?=\d))({_NUMBER}(?: ?(?:[-&+/,]|\band\b|\bto\b|\bof\b) ?{_NUMBER})*)"
)
_EACH_WORD = re.compile(r"[a-z]+")


def title_key(text: str) -> str:
    """Return what spellings of a title have in common; not empty if text has a visible character."""
    plain = canonical(text)
    parts = " ".join(_parts(_prepared(plain)))
    return compatible(folded(parts)) or visible_of(parts, folded(plain), plain, text)


def folded(text: str) -> str:
    """Return canonical text as letters, digits, marks and symbols alone."""
    found = words(_AND.sub(" and ", _SHARP.sub(r"\1sharp ", text)))
    return joined(_without_version([SHORT_WORDS.get(word, word) for word in found]))


def _prepared(title: str) -> str:
    """Return a title with digits for numbers of parts, and films' names short."""
    title = _NUMBERED.sub(_with_digits, title)
    if "from" in title:
        title = _FILM.sub(r'\1""', title)
    return _YEAR_BEFORE_REMASTER.sub(r"\1\2 ", title)


def _with_digits(found: re.Match[str]) -> str:
    return f"{SHORT_WORDS.get(found[1], found[1])} {_EACH_WORD.sub(_digits, found[2])}"


def _digits(word: re.Match[str]) -> str:
    if not (roman := _ROMAN.fullmatch(word[0])):
        return _DIGITS.get(word[0], word[0])
    tens = 4 if roman[1] == "xl" else len(roman[1])
    ones = {"ix": 9, "iv": 4}.get(roman[2]) or 5 * roman[2].count("v") + roman[2].count("i")
    return str(10 * tens + ones)


def _parts(title: str) -> Iterator[str]:
    """Yield what names the song and its recording, in order; brackets and dashes separate the parts of a title."""
    texts = _SEPARATOR.split(title, MOST_PARTS)
    depth = hidden = 0  # of brackets; in `hidden` stands a credit, and all that is within it goes
    is_first = True
    for sign, text in zip(["", *texts[1::2]], map(str.strip, texts[::2]), strict=True):
        depth = max(0, depth + (sign == "(") - (sign == ")"))
        if depth < hidden or (depth == hidden and sign != ")"):
            hidden = 0
        if hidden or not text:
            continue
        if is_first and not depth:
            is_first = False
            yield _BARE_GUESTS.sub("", text)
        elif _is_credit(text, depth > 0):
            hidden = depth
        else:
            yield _recording(text, depth > 0)


def _recording(part: str, bracketed: bool) -> str:
    """Return what a part says of the recording."""
    if _says_nothing(part):
        return ""
    pieces = [piece.strip() for piece in _PIECE.findall(_BARE_GUESTS.sub("", part))]
    said = [piece for piece in pieces[:MOST_PARTS] if not (_is_credit(piece, bracketed) or _says_nothing(piece))]
    return " ".join([*map(_shortened, said), *pieces[MOST_PARTS:]])


def _is_credit(part: str, bracketed: bool) -> bool:
    if _GUESTS.match(part) or (bracketed and _CREDITS.match(part)):
        return True
    return bool(_FROM.match(part)) and len(_PIECE.findall(part)) == 1


def _says_nothing(part: str) -> bool:
    found = words(_YEAR.sub(" ", part.replace("m/v", "mv")))
    if "radio" in found:
        return _RADIO.issuperset(found) and not {"edit", "version", "mix"}.isdisjoint(found)
    return not _SAY_NOTHING.isdisjoint(found) and _SAY_NO_MORE.issuperset(found)


def _shortened(piece: str) -> str:
    return piece if _RECORDINGS.isdisjoint(words(piece)) else _BESIDE.sub(" ", piece)


def _without_version(found: list[str]) -> list[str]:
    if "version" not in found:
        return found
    pairs = zip(["", *found], found, strict=False)
    return [word for before, word in pairs if word != "version" or before not in _SAME_VERSION]
