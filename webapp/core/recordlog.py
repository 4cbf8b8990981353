"""The messages of the log of records: a slice record, and what makes it: its slices' cuts from the log of plays.

Record k is a function of record k - 1, of the log of plays, and of its cuts. So whoever folds the log by the same rules
comes to the same records, whoever wrote them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from webapp.core import versioned
from webapp.core.cuts import Cut
from webapp.core.gazetteer import Gazetteer
from webapp.core.plays import SLICE_MS
from webapp.core.records import Counts, Rows, SliceRecord

VERSION = 1
CITIES = {
    "pairs": ("from_city", "to_city"),
    "pulses": ("city",),
    "sparks": ("city",),
    "crowd_cities": ("city",),
}
"""The columns of a slice record that hold city indices."""


class RecordMessage(msgspec.Struct, frozen=True, array_like=True):
    """A record as the log has it.

    Attributes:
        rules: the version of the fold that made it.
        cuts: of its slices, in order. Numbers that are left out between them were passed over.
        state: hash of the matcher's state after it.
        record: the slice record, encoded.
        cities: the city indices in it and their GeoNames ids, as two columns of little-endian uint32.
        silent: the nodes whose plays may be late.
        begins: whether an operator began anew here: nothing from before its cut counts any more, and nothing is
            remembered.
    """

    rules: str
    cuts: tuple[Cut, ...]
    state: bytes
    record: bytes
    cities: bytes = b""
    silent: tuple[str, ...] = ()
    begins: bool = False

    @property
    def passed_over(self) -> int:
        """How many slices between those of this record were passed over."""
        return self.cuts[-1].slice - self.cuts[0].slice + 1 - len(self.cuts) if self.cuts else 0

    @property
    def last(self) -> int:
        """Number of the last message of the log of plays that counts for it."""
        return self.cuts[-1].seq

    def difference(self, other: RecordMessage | None) -> str:
        """Say how this record differs from the one that its cuts give elsewhere."""
        if other is None:
            return "its cuts give no record here"
        names = [name for name in self.__struct_fields__ if getattr(self, name) != getattr(other, name)]
        return f"its cuts give another one here; different are {', '.join(names)}"

    def encode(self) -> bytes:
        """Return the message as bytes."""
        return versioned.encode(VERSION, self)

    @classmethod
    def decode(cls, data: bytes) -> RecordMessage:
        """Read what `encode` wrote.

        Raises:
            MessageError: the bytes are of another version, or damaged.
        """
        return versioned.decode(VERSION, cls, "record", data)

    def slice_record(self, gazetteer: Gazetteer) -> bytes:
        """Return the encoded slice record with the city indices of this gazetteer.

        Rows with a city that it lacks are left out.
        """
        used, ids = np.frombuffer(self.cities, "<u4").reshape(2, -1)
        here = gazetteer.by_ids(ids)
        if np.array_equal(here, used):
            return self.record
        table = np.full(int(used.max(initial=0)) + 1, -1, np.int64)
        table[used] = here
        return _with_cities(SliceRecord.decode(self.record), table).encode()


def beginning(rules: str, cut: Cut, lost: int) -> RecordMessage:
    """Return a record with which all folds begin anew.

    Args:
        rules: the version of the rules from then on.
        cut: its slice, and the last message of the log of plays that does not count any more.
        lost: how many plays are known that are not counted for it.
    """
    record = SliceRecord((cut.slice + 1) * SLICE_MS, cut.now_ms, Counts(lost=lost))
    return RecordMessage(rules, (cut,), b"", record.encode(), begins=True)


def city_ids(record: SliceRecord, gazetteer: Gazetteer) -> bytes:
    """Return the city indices in a slice record and their GeoNames ids; see `RecordMessage.cities`."""
    columns = [getattr(record, kind)[name] for kind, names in CITIES.items() for name in names]
    used = np.unique(np.concatenate(columns))
    return np.stack((used, gazetteer.geoname_id[used])).astype("<u4").tobytes()


def _with_cities(record: SliceRecord, table: NDArray[np.int64]) -> SliceRecord:
    changed: dict[str, Any] = {kind: _mapped(getattr(record, kind), names, table) for kind, names in CITIES.items()}
    return replace(record, **changed)


def _mapped(rows: Rows, names: tuple[str, ...], table: NDArray[np.int64]) -> Rows:
    """Return the rows all of whose cities are in the table, with these."""
    cities = {name: table[rows[name]] for name in names}
    kept = np.all([column >= 0 for column in cities.values()], axis=0)
    mapped = rows[kept].copy()
    for name, column in cities.items():
        mapped[name] = column[kept]
    return mapped
