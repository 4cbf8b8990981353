"""What chaos leaves in the logs of a bus and in histories, and what it must be."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from nats.aio.client import Client

from tests.brokers import Brokers
from webapp.bus.log import Entry
from webapp.bus.natsclient import connected
from webapp.bus.natsstreams import PLAYS, RECORDS, log_of
from webapp.core.fold import Fold, FoldRules
from webapp.core.listenerhashes import ListenerHashes
from webapp.core.playlog import LogMessage
from webapp.core.plays import PlayBatch
from webapp.core.recordlog import RecordMessage
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.datadir import read_secret
from webapp.storage.history import FILE_NAME

KEPT = (
    "SELECT id, name, seq, everyone, source, at_ms, apart_ms, within_s, km, json, from_city, to_city "
    "FROM connections JOIN streams USING (stream) JOIN tracks USING (track) WHERE seq <= ? ORDER BY id",
    "SELECT name, seq, at_ms, counts, pulses FROM records JOIN streams USING (stream) WHERE seq <= ?",
)
SETTING = "a secret of several servers"
SECRET = read_secret(Path(), SETTING)
RULES = FoldRules(window_ms=1_000, lateness_ms=500)


@dataclass(frozen=True)
class Logs:
    """What is in the logs at the end."""

    plays: list[Entry]
    records: list[Entry]

    def written(self) -> Counter[int]:
        """Return how often each listener's play is in the log; each listener presses play once."""
        messages = (LogMessage.decode(entry.data) for entry in self.plays)
        batches = (PlayBatch.decode(batch.data) for message in messages for batch in message.batches)
        return Counter(int(listener) for batch in batches for listener in batch.listener)

    def folded(self) -> list[RecordMessage]:
        """Fold the log of plays once more, by the stored cuts."""
        fold, made = Fold(load_gazetteer(), SECRET, RULES), list[RecordMessage]()
        for entry in self.plays:
            fold.take(*entry)
        for entry, message in zip(self.records, self.stored(), strict=True):
            again = fold.make(message.cuts, message.rules)
            assert again is not None
            made.append(again)
            fold.apply(entry.seq, again)
        return made

    def stored(self) -> list[RecordMessage]:
        """Return the records as they are in the log."""
        return [RecordMessage.decode(entry.data) for entry in self.records]


async def read(running: Brokers) -> Logs:
    """Read both logs."""
    client = await connected(running.access, "reader")
    try:
        records = await _all_of(client, RECORDS)
        return Logs(await _all_of(client, PLAYS), records)  # all that these records need
    finally:
        await client.close()


async def _all_of(client: Client, stream: str) -> list[Entry]:
    log = log_of(client, stream)
    last, found = await log.last(), list[Entry]()
    while len(found) < last:
        found += await log.read(len(found))
    return found[:last]


def hashed(listeners: Iterable[str]) -> set[int]:
    """Return the hashes of listeners, as the log has them."""
    key = hashlib.blake2b(SECRET, digest_size=32, person=b"unison listener").digest()
    return {int(each) for each in ListenerHashes(key).of(sorted(listeners))}


def kept(folder: Path, upto: int) -> list[tuple[object, ...]]:
    """Return what a server's history has of the records up to a number: connections, and records."""
    with closing(_opened(folder)) as database:
        return [row for rows in KEPT for row in database.execute(rows, (upto,))]


def newest(folder: Path) -> int:
    """Return the number of the newest record in a server's history; 0 if it is empty."""
    with closing(_opened(folder)) as database:
        (seq,) = database.execute("SELECT coalesce(max(seq), 0) FROM records").fetchone()
    return int(seq)


def _opened(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{folder / FILE_NAME}?mode=ro", uri=True)
