"""The fold: the log of plays in, records out.

A fold takes the log's messages in order. It knows which slices are due by the rule, and makes the next record of them.
It also makes the record that another fold wrote, by that one's cuts. If it has made another record meanwhile, it goes
back: it continues from its last snapshot, and makes the records since then once more.

A record names the version of the rules that made it. A program that knows later rules as well folds by the log's until
it is told to go on by others; the first record that is made by them tells everybody.
"""

from __future__ import annotations

from collections import deque

import msgspec

from webapp.core import snapshots
from webapp.core.cuts import Cut, Cutter, CutterState
from webapp.core.foldstate import STATE_VERSION, Entry, Folded, FoldState
from webapp.core.gazetteer import Gazetteer
from webapp.core.marks import Marks
from webapp.core.playlog import LogMessage
from webapp.core.plays import SLICE_MS, PlayBatch, arrived_ms
from webapp.core.recordlog import RecordMessage, city_ids
from webapp.core.records import SliceRecord
from webapp.core.slices import Slicer
from webapp.core.statehash import state_hash

MATCHING: dict[str, type[Slicer]] = {"1": Slicer}
"""What matches by each version of the rules, the newest last. Any change that gives other records for the same log is a
new version; the one before stays until no log has it any more."""
RULES = [*MATCHING][-1]


class DivergedError(ValueError):
    """Another fold's record is not what its cuts give here: it has other rules, or other data."""


class FoldRules(msgspec.Struct, frozen=True):
    """What all folds of a log must agree on.

    Attributes:
        window_ms: how far apart two plays may lie to be together.
        lateness_ms: how long a slice waits after its end.
        privacy_k: see `webapp.core.privacy`.
        version: of `MATCHING`; the log's newest record may have another one.
    """

    window_ms: int
    lateness_ms: int
    privacy_k: int = 0
    version: str = RULES


class Fold:
    """Folds a log of plays.

    Args:
        gazetteer: the cities.
        secret: key of the connection ids.
        rules: what all folds of the log agree on.

    Attributes:
        record: number of the newest record.
        taken: number of the newest message.
    """

    def __init__(self, gazetteer: Gazetteer, secret: bytes, rules: FoldRules) -> None:
        self._gazetteer, self._secret, self._rules = gazetteer, secret, rules
        self._wanted = rules.version
        self._begin(FoldState(STATE_VERSION, rules.version, 0, 0, Cutter(rules.lateness_ms).state, b""))

    def _begin(self, state: FoldState) -> None:
        self.record, self.taken = state.record, state.position
        self._waiting = deque[Entry]()
        self._since: list[Folded] = []  # the records since `_kept`
        self._kept = state
        self._resume()

    def _resume(self) -> None:
        """Continue from the last snapshot."""
        state = self._kept
        self._match_by(state.rules, state.slicer)
        self._folded = Cutter(self._rules.lateness_ms, state.cutter)
        self._cuts: list[Cut] = []  # of the slices since the newest record
        self._used: list[Entry] = []  # messages likewise
        self._proposal: RecordMessage | None = None
        for each in self._since:
            self._waiting.extendleft(reversed(each.entries))
            self._use(each.rules)
            for cut in each.cuts:
                self._fold(cut)
            self._settle()
        self._look_ahead()

    def _match_by(self, version: str, snapshot: bytes | bytearray) -> None:
        """Continue from a slicer's snapshot by a version of the rules."""
        rules, self._version = self._rules, version
        self._slicer = MATCHING[version](self._gazetteer, self._secret, rules.window_ms, 0, rules.privacy_k)
        if snapshot:
            self._slicer.restore(snapshot)

    def _use(self, version: str) -> None:
        """Go on by a version of the rules; nothing is folded since the newest record."""
        if version != self._version:
            self._match_by(version, self._slicer.snapshot())

    def _look_ahead(self) -> None:
        """Find the slices that are due by what waits."""
        self._ahead, self._due = Cutter(self._rules.lateness_ms, self._folded.state), deque[Cut]()
        for entry in self._waiting:
            self._hear_ahead(entry)

    def _hear_ahead(self, entry: Entry) -> None:
        self._ahead.hear(entry.log_ms, entry.message)
        self._due.extend(self._ahead.due(entry.seq))

    @property
    def position(self) -> int:
        """Number of the last message that was used for a record; earlier ones are not needed any more."""
        return self._since[-1].cuts[-1].seq if self._since else self._kept.position

    # The log of plays.

    def take(self, seq: int, log_ms: int, data: bytes) -> None:
        """Take the next message of the log.

        Args:
            seq: its number.
            log_ms: its time stamp.
            data: its bytes.

        Raises:
            MessageError: it cannot be read: its node may be newer.
            ValueError: a message before it is missing.
        """
        if seq != self.taken + 1:
            raise ValueError(f"message {seq} of the log of plays after {self.taken}")
        entry = Entry(seq, log_ms, LogMessage.decode(data))
        self.taken = seq
        self._waiting.append(entry)
        self._hear_ahead(entry)

    # Records.

    def want(self, version: str) -> None:
        """Go on by a version of the rules with the next proposal, unless that of the log is later.

        Raises:
            ValueError: this program does not know it.
        """
        if version not in MATCHING:
            raise ValueError(f"the rules {version}: expected one of {', '.join(MATCHING)}")
        self._wanted = version

    def propose(self) -> RecordMessage | None:
        """Return the next record by the rule; None if nothing is due yet. Call `apply` with what the log then has."""
        if self._due and not self._cuts:
            self._use(max(self._version, self._wanted, key=[*MATCHING].index))
        while self._due and self._proposal is None:
            self._fold(self._due.popleft())
        return self._proposal

    def apply(self, seq: int, message: RecordMessage) -> bytes:
        """Take the next record of the log of records; return the slice record.

        The messages up to its last cut must have been taken.

        Args:
            seq: its number.
            message: the record.

        Raises:
            DivergedError: its cuts give another record here.
            ValueError: a record or message before it is missing.
        """
        self._check(seq, message)
        if message != self._proposal:
            self.make(message.cuts, message.rules)
        if (made := self._proposal) != message:
            self._go_back()
            raise DivergedError(f"record {seq}: {message.difference(made)}")
        self._since.append(Folded(message.rules, message.cuts, self._used))
        self.record = seq
        self._settle()
        return message.record

    def _check(self, seq: int, message: RecordMessage) -> None:
        if seq != self.record + 1:
            raise ValueError(f"record {seq} after record {self.record}")
        self._check_rules(seq, message)
        if message.cuts[-1].seq > self.taken:
            raise ValueError(f"record {seq} needs message {message.cuts[-1].seq}; the newest is {self.taken}")

    def _check_rules(self, seq: int, message: RecordMessage) -> None:
        if message.rules not in MATCHING:
            known = ", ".join(MATCHING)
            raise DivergedError(f"record {seq} is by the rules {message.rules}; this version of Unison knows {known}")

    def make(self, cuts: tuple[Cut, ...], version: str) -> RecordMessage | None:
        """Return the next record by given cuts and a version of the rules; None if they give none."""
        is_begun = self._version == version and tuple(self._cuts) == cuts[: len(self._cuts)]
        if self._proposal is not None or not is_begun:
            self._go_back()
            self._use(version)
        for cut in cuts[len(self._cuts) :]:
            if self._proposal is None:
                self._fold(cut)
        self._look_ahead()
        return self._proposal

    def _go_back(self) -> None:
        """Forget what was folded since the newest record."""
        self._waiting.extendleft(reversed(self._used))
        self._resume()

    def _settle(self) -> None:
        """Begin the next record."""
        self._cuts, self._used, self._proposal = [], [], None

    def _fold(self, cut: Cut) -> None:
        """Close a slice with what counts for it. If that gives a record, it is the proposal."""
        self._take_in(cut.seq)
        if cut.slice * SLICE_MS != self._slicer.closed_ms:  # the first one, or some were passed over
            self._slicer.skip(cut.slice * SLICE_MS)
        self._folded.skip_to(cut.slice + 1)
        self._cuts.append(cut)
        for record in self._slicer.close((cut.slice + 1) * SLICE_MS, cut.now_ms):
            self._proposal = self._message(record)

    def _take_in(self, seq: int) -> None:
        """Give the slicer the messages up to a number."""
        batches, arrived = list[PlayBatch](), list[int]()
        while self._waiting and self._waiting[0].seq <= seq:
            entry = self._waiting.popleft()
            self._used.append(entry)
            self._folded.hear(entry.log_ms, entry.message)
            for batch in entry.message.batches:
                plays, unknown = batch.plays(self._gazetteer)
                self._slicer.count_lost(unknown)
                batches.append(plays)
                arrived.append(arrived_ms(batch.data))
        self._slicer.add_arrived(batches, arrived, self._rules.lateness_ms)

    def _message(self, record: SliceRecord) -> RecordMessage:
        cutter = _IN_ORDER(self._folded.state)
        geoname_id = self._gazetteer.geoname_id
        return RecordMessage(
            self._version,
            tuple(self._cuts),
            state_hash(self._slicer.state, geoname_id, self._rules.window_ms, cutter),
            record.encode(),
            city_ids(record, self._gazetteer),
            tuple(self._folded.state.marks.silent),
        )

    # Snapshots, and beginning anew.

    def keep(self) -> bytes:
        """Make a snapshot after the newest record, to go back to, and return it for others to continue from.

        Call it right after `apply`: what was folded since is undone.
        """
        if self._cuts:
            self._go_back()
        state = FoldState(
            STATE_VERSION,
            self._version,
            self.record,
            self.position,
            self._folded.state,
            bytes(self._slicer.snapshot()),
        )
        data = bytes(snapshots.encode(state))
        self._kept, self._since = snapshots.decode(data, FoldState), []
        return data

    def restore(self, data: bytes) -> None:
        """Continue from what `keep` returned, here or elsewhere. Then take the messages after its `position`.

        Raises:
            ValueError: the snapshot is of another version or of other rules, or damaged.
        """
        state = snapshots.decode(data, FoldState)
        if state.version != STATE_VERSION or state.rules not in MATCHING:
            mine = f"{STATE_VERSION} by the rules {', '.join(MATCHING)}"
            raise ValueError(f"snapshot of version {state.version} by the rules {state.rules}; this is {mine}")
        self._begin(state)

    def begin(self, seq: int, message: RecordMessage) -> None:
        """Begin anew with a record that says so, whatever was folded before.

        Raises:
            DivergedError: this program does not know its rules.
        """
        self._check_rules(seq, message)
        (cut,) = message.cuts
        cutter = CutterState(Marks(), cut.slice + 1)
        self._begin(FoldState(STATE_VERSION, message.rules, seq, cut.seq, cutter, b""))


_IN_ORDER = msgspec.msgpack.Encoder(order="deterministic").encode
