"""An independent, slow and simple implementation of the matcher's rules, play by play and pair by pair."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from webapp.core.precision import SLACK_MOST_MS, slack_ms, spread_ms

SLICE_MS = 250


class Play(NamedTuple):
    """A play; `group` stands for its song key, `words` for its encoded bytes, which order otherwise equal plays."""

    group: int
    city: int
    listener: int
    at: int
    words: int = 0
    source: int = 0
    recording: int = 0
    precision: int = 0


Pair = tuple[Play, Play]


def slice_of(play: Play) -> int:
    return play.at // SLICE_MS


def song_of(play: Play) -> tuple[int, int]:
    """Return what plays of one song key and source have in common."""
    return play.source, play.group


def is_one_song(a: Play, b: Play) -> bool:
    """Return whether two plays have one source, and one song key or recording."""
    return a.source == b.source and (a.group == b.group or a.recording == b.recording != 0)


def bound_ms(a: Play, b: Play, window_ms: int) -> int:
    """Return how far apart two plays may lie: plays of one class differ by their spreads, others by their slacks."""
    if a.precision == b.precision:
        return window_ms + spread_ms(a.precision) + spread_ms(b.precision)
    return window_ms + slack_ms(a.precision) + slack_ms(b.precision)


def bytes_of(play: Play) -> tuple[int, ...]:
    """Return what stands for the bytes of a play's track."""
    return play.words, play.group, play.recording


def by_listener(plays: Iterable[Play]) -> dict[int, list[Play]]:
    of = defaultdict[int, list[Play]](list)
    for play in plays:
        of[play.listener].append(play)
    return of


def is_duplicate(play: Play, plays: Iterable[Play]) -> bool:
    """Return whether a more exact play, one of another city farther west, or of smaller bytes, counts for this one."""
    return any(
        is_one_song(other, play)
        and (other.listener, other.at) == (play.listener, play.at)
        and (other.precision, other.city, bytes_of(other)) < (play.precision, play.city, bytes_of(play))
        for other in plays
    )


def counted_once(plays: Iterable[Play]) -> list[Play]:
    """Return one play for each song, listener and time: the western city's, then the smallest bytes."""
    different = set(plays)
    of = by_listener(different)
    return sorted(play for play in different if not is_duplicate(play, of[play.listener]))


def is_echo(play: Play, plays: Iterable[Play], window_ms: int) -> bool:
    return any(
        is_one_song(other, play)
        and other.listener == play.listener
        and 0 < play.at - other.at <= bound_ms(other, play, window_ms)
        for other in plays
    )


def without_echoes(plays: Sequence[Play], window_ms: int) -> list[Play]:
    of = by_listener(plays)
    return [play for play in counted_once(plays) if not is_echo(play, of[play.listener], window_ms)]


def echoes_in(plays: Sequence[Play], window_ms: int, slice_: int) -> int:
    of, real = by_listener(plays), counted_once(plays)
    return sum(is_echo(play, of[play.listener], window_ms) for play in real if slice_of(play) == slice_)


def are_together(a: Play, b: Play, window_ms: int) -> bool:
    return is_one_song(a, b) and a.listener != b.listener and abs(a.at - b.at) <= bound_ms(a, b, window_ms)


def could_connect(a: Play, b: Play, window_ms: int) -> bool:
    return are_together(a, b, window_ms) and a.city != b.city


def together_in(plays: Sequence[Play], window_ms: int, slice_: int) -> int:
    """Return the number of plays whose first partner becomes known when this slice closes."""
    able = without_echoes(plays, window_ms)
    known = 0
    for play in able:
        partners = [other for other in able if are_together(play, other, window_ms)]
        known += min((max(slice_of(play), slice_of(other)) for other in partners), default=-1) == slice_
    return known


def connections(plays: Sequence[Play], window_ms: int, slices: int) -> list[set[frozenset[Play]]]:
    """Return the pairs of each slice; see `found`."""
    return [pairs for pairs, _ in found(plays, window_ms, slices)]


def found(plays: Sequence[Play], window_ms: int, slices: int) -> list[tuple[set[frozenset[Play]], set[Pair]]]:
    """Return the pairs of each slice by the documented rule, in a group ordered by (city, listener, time).

    What is left is paired within each recording, in time order. Then each new play that is left goes, in time order,
    with the oldest single play of another city that it may pair with, exact or not. Those that are left then pulse with
    the newest play of their city without such a pulse, if it is near: of its exact and its inexact plays the newer one.

    Returns:
        For each slice its pairs, and the pulses with an inexact play.
    """
    with_pulse = set[Play]()
    able = without_echoes(plays, window_ms)
    single: list[Play] = []
    out = []
    for slice_ in range(slices):
        new = [play for play in able if slice_of(play) == slice_]
        exact = [play for play in single if not play.precision and play.at >= slice_ * SLICE_MS - window_ms]
        pool = exact + [play for play in new if not play.precision]
        pairs = [pair for song in set(map(song_of, pool)) for pair in _in_group(pool, song, window_ms)]
        used = {play for pair in pairs for play in pair}
        for recording in {(play.source, play.recording) for play in pool if play.recording}:
            left = [play for play in pool if (play.source, play.recording) == recording and play not in used]
            pairs += pair_in_time(left, window_ms)
        used = {play for pair in pairs for play in pair}
        singles = [play for play in single if play not in used]
        for play in sorted((play for play in new if play not in used), key=in_time):
            partner = next((p for p in sorted(singles, key=in_time) if is_mixed(p, play, window_ms)), None)
            if partner:
                singles.remove(partner)
                pairs.append((partner, play))
            else:
                singles.append(play)
        single = [play for play in singles if play.at >= (slice_ + 1) * SLICE_MS - longest_ms(window_ms)]
        left = [play for play in new if play in singles]
        out.append(({frozenset(pair) for pair in pairs}, inexact_pulses(singles, left, with_pulse, window_ms)))
    return out


def inexact_pulses(singles: Sequence[Play], new: Sequence[Play], with_pulse: set[Play], window_ms: int) -> set[Pair]:
    """Return the pulses of new plays, and note which plays have one."""
    pulses = set[Pair]()
    for play in sorted(new, key=in_time):
        near = list[Play]()
        for kind in (False, True):
            those = [
                each
                for each in singles
                if song_of(each) == song_of(play)
                and each.city == play.city
                and in_time(each) < in_time(play)
                and each not in with_pulse
                and bool(each.precision) is kind
            ]
            newest = max(those, key=in_time, default=None)
            near += [newest] if newest and (kind or play.precision) and are_together(newest, play, window_ms) else []
        if near and play not in with_pulse:
            pulses.add((max(near, key=in_time), play))
            with_pulse |= {max(near, key=in_time), play}
    return pulses


def in_time(play: Play) -> tuple[int, ...]:
    """Return what plays that are left are sorted by."""
    return play.at, play.city, play.listener, play.precision, *bytes_of(play)


def is_mixed(a: Play, b: Play, window_ms: int) -> bool:
    """Return whether two plays could connect, of which one is inexact."""
    return bool(a.precision or b.precision) and could_connect(a, b, window_ms)


def longest_ms(window_ms: int) -> int:
    """Return how long a play can stay single."""
    return window_ms + 2 * SLACK_MOST_MS


def by_slice(pairs: Iterable[Iterable[Iterable[Play]]]) -> dict[Play, int]:
    """Return the slice in which each play was connected, given the pairs of each slice."""
    return {play: slice_ for slice_, found in enumerate(pairs) for pair in found for play in pair}


def _in_group(pool: list[Play], song: tuple[int, int], window_ms: int) -> list[Pair]:
    row = sorted(play for play in pool if song_of(play) == song)
    half = -(-len(row) // 2)
    pairs = [(a, b) for a, b in zip(row[:half], row[half:], strict=False) if could_connect(a, b, window_ms)]
    used = {play for pair in pairs for play in pair}
    return pairs + pair_in_time([play for play in row if play not in used], window_ms)


def pair_in_time(plays: Sequence[Play], window_ms: int) -> list[Pair]:
    """Pair the oldest play with the next of another city; of two at the same time the western city's is first."""
    left = sorted(plays, key=lambda play: (play.at, play.city, play.listener))
    pairs = []
    while left:
        a = left.pop(0)
        b = next((b for b in left if could_connect(a, b, window_ms)), None)
        if b:
            left.remove(b)
            pairs.append((a, b))
    return pairs


def pulses(plays: Sequence[Play], connected: Mapping[Play, int], window_ms: int, slices: int) -> list[set[Pair]]:
    """Return neighbours in time, of one group and city, that left the window single, by the slice of the later one.

    These are exact plays, by what is known when they leave the window: `connected` has the slices in which plays were
    connected. The pulses with an inexact play are added.
    """
    waiting: dict[tuple[int, ...], Play] = {}
    out = [pulses for _, pulses in found(plays, window_ms, slices)]
    for play in sorted(without_echoes(plays, window_ms), key=lambda play: (play.at, play.listener)):
        if play.precision or connected.get(play, slices) <= leaves_in(play, window_ms):
            continue
        place = (*song_of(play), play.city)
        before = waiting.pop(place, None)
        if before and play.at - before.at <= window_ms:
            out[leaves_in(play, window_ms)].add((before, play))
        else:
            waiting[place] = play
    return out


def leaves_in(play: Play, window_ms: int) -> int:
    """Return the first slice after whose close all new plays are more than the window after this play."""
    slice_ = slice_of(play)
    while (slice_ + 1) * SLICE_MS - play.at <= window_ms:
        slice_ += 1
    return slice_
