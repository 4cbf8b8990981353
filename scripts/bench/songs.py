"""Measure how long the key of a song takes, beside Unicode's own compatibility and case folding.

    python scripts/bench/songs.py [--rounds 5]

Texts are titles as people write them (`tests/data/songs.tsv`), and the longest texts of a play, made to be slow: each
of the pieces below, and all pairs of them, repeated to 300 characters. No cache helps.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.browser import machine

from webapp.core.songs import artist_key, song_key

CORPUS = Path(__file__).parents[2] / "tests" / "data" / "songs.tsv"
LONGEST = 300
PIECES = (
    "\ufdfa", "(", ")", '"', "'", "- ", " -", "feat. ", "(feat. ", "(remaster) ", "- remaster ", "é", "\u0301", "й",
    "& ", " x ", ", ", "from ", "pt. ", "が", "ｶﾞ", "ß", "İ", "the ", "2009 ", "/ ", "\u200d", "c# ", "n ", "𝓐",
    "'n ", "~", "(from '", "1,000 ", "part i ", "pts. i-v, ", " ft.", "(live remaster 2009 ", "((", "remix radio ",
)  # fmt: skip
GOAL_MS = 1.0


def corpus() -> list[tuple[str, str]]:
    """Return titles and artists as people write them."""
    with CORPUS.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader((line for line in lines if not line.startswith("# ")), delimiter="\t", quoting=csv.QUOTE_NONE)
        return [song for row in rows if row for song in ((row[1], row[2]), (row[3], row[4]))]


def hostile() -> list[tuple[str, str]]:
    """Return the longest titles and artists, made of repeated pieces."""
    texts = [(one + other if one != other else one) * LONGEST for one, other in product(PIECES, PIECES)]
    return [(text[:LONGEST], text[:LONGEST]) for text in texts]


def ours(title: str, artist: str) -> object:
    """Make the key of a song."""
    artist_key.cache_clear()
    return song_key(title, artist)


def theirs(title: str, artist: str) -> object:
    """Fold as Unicode's caseless matching of identifiers does."""
    return [unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()) for text in (title, artist)]


def costs_ms(key: Callable[[str, str], object], songs: Iterable[tuple[str, str]], rounds: int) -> list[float]:
    """Return the median time of each song's key, in ms."""
    return [median(_took_ms(key, *song) for _ in range(rounds)) for song in songs]


def _took_ms(key: Callable[[str, str], object], title: str, artist: str) -> float:
    began = time.thread_time()
    key(title, artist)
    return (time.thread_time() - began) * 1000


def main() -> int:
    """Print the costs; return 1 if the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(machine(), end="\n\n")
    print(f"{'title and artist':24} {'songs':>6} {'median us':>10} {'worst ms':>9} {'folding us':>11} {'ratio':>6}")
    worst = 0.0
    for name, songs in (("as people write them", corpus()), ("300 characters, hostile", hostile())):
        mine, folding = costs_ms(ours, songs, rounds), costs_ms(theirs, songs, rounds)
        worst = max(worst, *mine)
        ratio = median(mine) / median(folding)
        print(f"{name:24} {len(songs):6,} {median(mine) * 1000:10.1f} {max(mine):9.2f} "
              f"{median(folding) * 1000:11.1f} {ratio:6.1f}")  # fmt: skip
        title, _ = songs[mine.index(max(mine))]
        print(f"  worst: {title[:40]!r}")
    print(f"\nworst {worst / 2:.2f} ms for each text of 300 characters; goal {GOAL_MS:g} ms")
    return worst / 2 > GOAL_MS


if __name__ == "__main__":
    sys.exit(main())
