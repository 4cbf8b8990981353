"""All accounts of a store in memory: what each request asks, and what is noted until it is written."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from gevent import monkey

from webapp.core.principals import Principal
from webapp.storage.accounts import Account, Activity, Announced, LastSong

EARLIER_MOST = 3
"""Songs of a token that are remembered beside the last one, in memory."""


@dataclass(frozen=True, slots=True)
class Row:
    """A stored token: the number of its row, the digest of its text, whom it stands for, and its activity."""

    number: int
    digest: bytes
    principal: Principal
    activity: Activity


class Change(NamedTuple):
    """What is to be written of a token."""

    id: str
    number: int
    activity: Activity


class _Kept:
    """A token in memory."""

    __slots__ = ("activity", "digest", "number", "principal")

    def __init__(self, row: Row) -> None:
        self.number, self.digest, self.principal, self.activity = row.number, row.digest, row.principal, row.activity


class AccountsTable:
    """Accounts by their ids and by the digests of their tokens. Thread-safe: its lock is held only briefly."""

    def __init__(self) -> None:
        # Unpatched by gevent, because worker threads are native. The event loop holds it too, but only briefly.
        self._lock = monkey.get_original("threading", "Lock")()
        self._by_id: dict[str, _Kept] = {}
        self._by_digest: dict[bytes, _Kept] = {}
        self._used: OrderedDict[str, None] = OrderedDict()
        self._changed: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def pending(self) -> int:
        """Tokens whose activity is not written yet."""
        return len(self._changed)

    def add_all(self, rows: Iterable[Row]) -> int:
        """Add tokens; those that are known stay as they are. Return the last one's number; 0 if there are none."""
        number = 0
        for row in rows:
            number = row.number
            with self._lock:
                if row.principal.id not in self._by_id:
                    self._by_id[row.principal.id] = self._by_digest[row.digest] = _Kept(row)
                    self._used[row.principal.id] = None  # its first use is likely to be soon
        return number

    def order_by_use(self) -> None:
        """Note the order in which tokens were used or made; call it once they were all added."""
        with self._lock:
            used = sorted((max(k.activity.used_s or 0, k.principal.created_s), id) for id, k in self._by_id.items())
            self._used = OrderedDict.fromkeys(id for _, id in used)

    def remove(self, id: str) -> None:
        """Remove a token, and what is noted of it."""
        with self._lock:
            if kept := self._by_id.pop(id, None):
                del self._by_digest[kept.digest]
                self._used.pop(id, None)
                self._changed.pop(id, None)

    def keep_numbers(self, numbers: set[int]) -> None:
        """Remove the tokens whose rows have other numbers."""
        for kept in self._snapshot():
            if kept.number not in numbers:
                self.remove(kept.principal.id)

    def by_digest(self, digest: bytes) -> Principal | None:
        """Return whom the token with that digest stands for."""
        kept = self._by_digest.get(digest)
        return kept.principal if kept else None

    def by_id(self, id: str) -> Principal | None:
        """Return whom the token with that id stands for."""
        kept = self._by_id.get(id)
        return kept.principal if kept else None

    def digest(self, id: str) -> bytes | None:
        """Return the digest of the token with that id."""
        kept = self._by_id.get(id)
        return kept.digest if kept else None

    def activity(self, id: str) -> Activity | None:
        """Return what is known of a token's use."""
        kept = self._by_id.get(id)
        return kept.activity if kept else None

    def recent(self, count: int) -> list[str]:
        """Return the ids of the tokens used or made last, the latest first."""
        with self._lock:
            return list(islice(reversed(self._used), count))

    def all(self) -> list[Account]:
        """Return all accounts, the oldest first."""
        kept = sorted(self._snapshot(), key=lambda each: each.number)
        return [Account(each.principal, each.activity) for each in kept]

    def oldest_unused(self, before_s: float) -> str | None:
        """Return the oldest token that was created before a time and never used."""
        kept = [k for k in self._snapshot() if k.activity.used_s is None and k.principal.created_s < before_s]
        return min(kept, key=lambda each: each.number).principal.id if kept else None

    def longest_idle(self, before_s: float) -> str | None:
        """Return the token that was used longest ago, if that was before a time."""
        used = [
            (k.activity.used_s, k.number, k.principal.id) for k in self._snapshot() if k.activity.used_s is not None
        ]
        at_s, _, id = min(used, default=(before_s, 0, ""))
        return id if at_s < before_s else None

    def _snapshot(self) -> list[_Kept]:
        """Return all tokens, to go through without the lock, which the event loop may wait for."""
        with self._lock:
            return list(self._by_id.values())

    def note(self, id: str, announced: Announced) -> None:
        """Note a now-playing message."""
        with self._lock:
            if kept := self._by_id.get(id):
                kept.activity = _after(kept.activity, announced)
                self._mark(id)

    def note_scrobbles(self, id: str, at_s: float, client: str, count: int) -> None:
        """Note scrobbles."""
        with self._lock:
            if kept := self._by_id.get(id):
                scrobbles = kept.activity.scrobbles + count
                kept.activity = replace(kept.activity, used_s=at_s, client=client, scrobbles=scrobbles)
                self._mark(id)

    def _mark(self, id: str) -> None:
        self._changed[id] = None
        self._used[id] = None
        self._used.move_to_end(id)

    def merge(self, id: str, before: Activity, stored: Activity, *, is_news: bool) -> None:
        """Take over what somebody else stored of a token's use.

        Args:
            id: the token's.
            before: what was stored before; what was noted here since then is added.
            stored: what is stored now.
            is_news: whether it was stored since the server's start.
        """
        with self._lock:
            if kept := self._by_id.get(id):
                kept.activity = _merged(kept.activity, before, stored, is_news=is_news)
                self._used[id] = None
                self._used.move_to_end(id)

    def take_changes(self, most: int, but: Container[str] = ()) -> list[Change]:
        """Return what changed, so many tokens at most; it counts as written then. Some tokens may have to wait."""
        with self._lock:
            ids = list(islice((id for id in self._changed if id not in but), most))
            for id in ids:
                del self._changed[id]
            return [Change(id, self._by_id[id].number, self._by_id[id].activity) for id in ids]

    def put_back(self, changes: Iterable[Change]) -> None:
        """Take back changes that could not be written."""
        with self._lock:
            self._changed |= {each.id: None for each in changes if each.id in self._by_id}


def _after(old: Activity, announced: Announced) -> Activity:
    """Return the activity after a message. A song that is announced again, without a press, began when it first was."""
    song, at_s, client = announced.song, announced.song.at_s, announced.client
    known = (old.song, *old.earlier) if old.song else ()
    earlier = tuple(each for each in known if each.song != song.song)[:EARLIER_MOST]
    if announced.is_press:
        return Activity(at_s, client, song, old.presses + 1, old.scrobbles, at_s, announced.city, earlier)
    before = next((each for each in known if each.song == song.song), None)
    if before and announced.is_repeat:
        song = LastSong(song.song, before.at_s, before.duration_s or song.duration_s)
    return replace(old, used_s=at_s, client=client, song=song, earlier=earlier)


def _merged(mine: Activity, before: Activity, stored: Activity, *, is_news: bool) -> Activity:
    """Return an activity with what somebody else stored: counts are added, and else the latest message counts."""
    presses, scrobbles = stored.presses - before.presses, stored.scrobbles - before.scrobbles
    last = stored if (stored.used_s or 0) > (mine.used_s or 0) else mine
    songs = _latest_first(mine, stored.song)
    pressed_s, city = mine.pressed_s, mine.pressed_city
    if is_news and presses > 0 and stored.song and stored.song.at_s > (pressed_s or 0):
        pressed_s, city = stored.song.at_s, None  # the city is known where it was pressed
    counts = mine.presses + presses, mine.scrobbles + scrobbles
    song, earlier = next(iter(songs), None), songs[1 : EARLIER_MOST + 1]
    return Activity(last.used_s, last.client, song, *counts, pressed_s, city, earlier)


def _latest_first(mine: Activity, stored: LastSong | None) -> tuple[LastSong, ...]:
    """Return the songs of an activity and one more, each once; of the last ones, the later one is the first."""
    is_later = stored and mine.song and stored.at_s > mine.song.at_s
    last = (stored, mine.song) if is_later else (mine.song, stored)
    songs: dict[int, LastSong] = {}
    for each in (*last, *mine.earlier):
        if each:
            songs.setdefault(each.song, each)
    return tuple(songs.values())
