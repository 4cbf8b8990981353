"""Whole histories: in zip files, in order of time, within limits, and nothing of a person but what was played."""

import hashlib
import io
import json
import sqlite3
import tracemalloc
import zipfile
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Any

import pytest

from webapp.histories import archives, history, sources
from webapp.histories.errors import HistoryError
from webapp.histories.history import History
from webapp.histories.listens import Skip
from webapp.histories.sorting import Sorter

EXPORTS = Path(__file__).parents[1] / "data" / "exports"
PRIVATE = ("203.0.113.77", "hushed-heron-77", "Phone", "unknown", 'JP"', "Invented Player", "0b2a7c3e", "client:")
"""What the exports say of the person and the devices."""


class Notes:
    """What is told while a history is read."""

    def __init__(self, stop_at: float = 2.0) -> None:
        self.malformed_at: list[tuple[str, str]] = []
        self.shares: list[float] = []
        self._stop_at = stop_at

    def malformed(self, place: str, reason: str) -> None:
        self.malformed_at.append((place, reason))

    def progress(self, listens: int, share: float) -> bool:
        self.shares.append(share)
        return share < self._stop_at


Open = Callable[[Path], History]


@pytest.fixture
def notes() -> Notes:
    return Notes()


def opened(path: Path, file: BufferedReader, notes: Notes) -> History:
    found = sources.find(path, file)
    assert found is not None
    return History(found, notes)


def plays(path: Path, notes: Notes) -> tuple[History, list[tuple[int, str, dict[str, Any]]]]:
    """Return a history that was read, and its plays: time, place in the file, and the play without its time."""
    with path.open("rb") as file:
        found = opened(path, file, notes)
        assert found.read()
        rows = [
            (at_ms, found.place(number), json.loads(head.removesuffix(b',"pressed_at":') + b"}"))
            for at_ms, number, head in found.plays(b'{"geoname_id":7}', "someone")
        ]
        found.close()
    return found, rows


def packed(path: Path, **files: bytes | str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def spotify(*ends: str, title: str = "Slow Lighthouse", **more: object) -> str:
    entry = json.loads((EXPORTS / "Streaming_History_Audio_2025_0.json").read_text())[0]
    return json.dumps([entry | {"ts": end, "ms_played": 0, "master_metadata_track_name": title} | more for end in ends])


def test_a_play_has_the_track_the_place_the_listener_and_how_precise_it_is(notes: Notes) -> None:
    _, rows = plays(EXPORTS / "StreamingHistory_music_0.json", notes)
    track = {"title": "Slow Lighthouse", "artist": "Marisol Vey"}
    assert rows[0] == (
        0,
        "entry 1",
        {"track": track, "place": {"geoname_id": 7}, "listener": "someone", "within_s": 60},
    )
    assert [play["within_s"] for _, _, play in plays(EXPORTS / "listenbrainz-9.jsonl", notes)[1]] == [1, 1, 1]


@pytest.mark.parametrize("file", sorted(EXPORTS.iterdir()), ids=lambda path: path.name)
def test_nothing_of_the_person_or_the_devices_is_sent_or_told(file: Path, notes: Notes) -> None:
    found, rows = plays(file, notes)
    assert {name for _, _, play in rows for name in play["track"]} <= {"title", "artist", "recording"}
    told = json.dumps([rows, notes.malformed_at, found.counts.skipped], ensure_ascii=False)
    assert [word for word in PRIVATE if word in told] == []


def test_a_malformed_entry_is_told_without_what_is_in_it(tmp_path: Path, notes: Notes) -> None:
    entries = json.loads((EXPORTS / "Streaming_History_Audio_2025_0.json").read_text())
    entries[1] = entries[0] | {"ms_played": "203.0.113.77"}
    entries[2] = entries[0] | {"master_metadata_track_name": ["hushed-heron-77"]}
    entries[3] = entries[0] | {"master_metadata_album_artist_name": None}
    text = json.dumps(entries).replace('"reason_start": "clickrow"', '"reason_start": clickrow', 1)
    (tmp_path / "x").write_text(text)
    plays(tmp_path / "x", notes)
    assert [place for place, _ in notes.malformed_at] == ["entry 1", "entry 2", "entry 3", "entry 4"]
    assert [word for word in PRIVATE if word in str(notes.malformed_at)] == []


def test_files_of_a_zip_are_played_in_the_order_of_time_not_of_names(tmp_path: Path, notes: Notes) -> None:
    files: dict[str, bytes | str] = {
        "Spotify Extended Streaming History/Streaming_History_Audio_2020_1.json": spotify("2020-05-01T10:00:00Z"),
        "Spotify Extended Streaming History/Streaming_History_Audio_2019_0.json": spotify(
            "2020-05-01T10:00:02Z", "2020-05-01T09:59:58Z"
        ),
        "Spotify Extended Streaming History/ReadMeFirst_ExtendedStreamingHistory.pdf": b"%PDF-1.4",
        "Spotify Account Data/Userdata.json": '{"username": "hushed-heron-77"}',
    }
    found, rows = plays(packed(tmp_path / "my_spotify_data.zip", **files), notes)
    assert [(at_ms, place) for at_ms, place, _ in rows] == [
        (0, "entry 2 of Streaming_History_Audio_2019_0.json"),
        (2000, "entry 1 of Streaming_History_Audio_2020_1.json"),
        (4000, "entry 1 of Streaming_History_Audio_2019_0.json"),
    ]
    assert found.counts.span_ms == 4000


def test_malformed_entries_of_a_zip_are_told_by_file_and_number(tmp_path: Path, notes: Notes) -> None:
    lines = (EXPORTS / "listenbrainz-9.jsonl").read_text().splitlines(keepends=True)
    months = {"listens/2025/8.jsonl": lines[0] + "oops\n", "listens/2025/9.jsonl": "\n" + lines[1] + "{}\n"}
    others = {"user.json": '{"user_id": 1, "username": "hushed-heron-77"}\n', "feedback.jsonl": '{"score": 1}\n'}
    with (packed(tmp_path / "lb.zip", **months, **others)).open("rb") as file:
        found = opened(tmp_path / "lb.zip", file, notes)
        assert found.read()
    assert [place for place, _ in notes.malformed_at] == ["line 2 of 8.jsonl", "line 3 of 9.jsonl"]
    assert (found.counts.listens, found.counts.malformed) == (2, 2)


def test_spotifys_short_history_is_left_out_beside_the_extended_one(tmp_path: Path, notes: Notes) -> None:
    files = {name: (EXPORTS / name).read_bytes() for name in ("StreamingHistory_music_0.json",)}
    both = packed(tmp_path / "both.zip", **files, **{"a.json": spotify("2025-09-06T14:20:05Z")})
    assert len(plays(both, notes)[1]) == 1
    assert len(plays(packed(tmp_path / "short.zip", **files), notes)[1]) == 2


def test_the_same_listen_twice_is_one(tmp_path: Path, notes: Notes) -> None:
    text = spotify("2020-05-01T10:00:00Z", "2020-05-01T10:00:00Z")
    found, rows = plays(packed(tmp_path / "x.zip", a=text, b=text, c=text.replace("Slow", "Fast")), notes)
    assert [play["track"]["title"] for _, _, play in rows] == ["Fast Lighthouse", "Slow Lighthouse"]
    assert found.counts.skipped == {Skip.REPEATED: 4}


def test_long_gaps_count_as_a_day(tmp_path: Path, notes: Notes) -> None:
    (tmp_path / "x").write_text(spotify("2020-01-01T10:00:00Z", "2020-01-02T09:00:00Z", "2024-01-02T09:00:00Z"))
    found, rows = plays(tmp_path / "x", notes)
    assert [at_ms // 3_600_000 for at_ms, _, _ in rows] == [0, 23, 47]
    assert found.counts.span_ms == 47 * 3_600_000


def test_a_history_longer_than_memory_should_hold_is_sorted(tmp_path: Path) -> None:
    sorter = Sorter(held=100)
    numbers = [number * 7919 % 1009 for number in range(1009)]
    for number in numbers:
        sorter.add(b"%04d" % number)
    for _ in range(2):
        assert [int(row) for row in sorter.rows()] == list(range(1009))
    sorter.close()


def test_the_id_of_a_listener_depends_on_the_file_alone(tmp_path: Path, notes: Notes) -> None:
    ids = []
    for name, text in (("a", "2020-01-01T10:00:00Z"), ("b", "2020-01-01T10:00:00Z"), ("c", "2020-01-01T10:00:01Z")):
        (tmp_path / name).write_text(spotify(text))
        with (tmp_path / name).open("rb") as file:
            ids.append(opened(tmp_path / name, file, notes).digest())
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) == 32


def test_progress_is_told_while_reading_and_can_stop_it(tmp_path: Path) -> None:
    text = spotify(*[f"2020-01-01T10:{n // 60:02}:{n % 60:02}Z" for n in range(3_000)])
    path = packed(tmp_path / "x.zip", a=text, b=text)
    whole, stopped = Notes(), Notes(stop_at=0.5)
    plays(path, whole)
    assert whole.shares == sorted(whole.shares)
    assert len(whole.shares) == 6
    assert 0 < whole.shares[0] < whole.shares[-1] == pytest.approx(1.0)
    with path.open("rb") as file:
        assert not opened(path, file, stopped).read()
    assert len(stopped.shares) < 6


def test_multi_scrobblers_database_is_read_and_not_changed(tmp_path: Path, notes: Notes) -> None:
    path = tmp_path / "ms.db.bak"
    database = sqlite3.connect(path)
    database.execute(
        "CREATE TABLE plays (id integer PRIMARY KEY, uid text, componentId integer, playedAt number,"
        " play text NOT NULL, state text NOT NULL, parentId integer)"
    )
    scrobbled = json.loads((EXPORTS / "multi-scrobbler-scrobbled.json").read_text())
    rows = [(json.dumps(play), state, None) for play in scrobbled for state in ("discovered", "scrobbled")]
    rows += [("oops", "discovered", None), ('{"data": {"track": "' + "x" * 1_000_000 + '"}}', "discovered", None)]
    database.executemany("INSERT INTO plays (play, state, parentId) VALUES (?, ?, ?)", rows)
    database.commit()
    database.close()
    before = hashlib.sha256(path.read_bytes()).digest()
    _, found = plays(path, notes)
    assert [(place, play["track"]["artist"]) for _, place, play in found] == [
        ("row 3", "Marisol Vey"),
        ("row 1", "海野しずく, Bo"),
    ]
    assert [place for place, _ in notes.malformed_at] == ["row 5", "row 6"]
    assert hashlib.sha256(path.read_bytes()).digest() == before
    assert [each.name for each in tmp_path.iterdir()] == ["ms.db.bak"]


def refused(path: Path, data: bytes | None = None) -> str:
    """Return the sentence with which a file is refused, when it is recognised or when it is read."""
    if data is not None:
        path.write_bytes(data)
    with path.open("rb") as file, pytest.raises(HistoryError) as error:
        opened(path, file, Notes()).read()
    return str(error.value)


def test_what_cannot_be_a_history_or_plays_is_refused_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert refused(path, b'[{"a": 1}]').startswith("it is a JSON array of an unknown kind; expected plays as NDJSON")
    assert "packed with gzip" in refused(path, b"\x1f\x8b\x08" + bytes(20))
    assert "UTF-16" in refused(path, "Artist,Track,Date\n".encode("utf-16"))
    assert "a database, but not multi-scrobbler's" in refused(path, b"SQLite format 3\0" + bytes(200))
    sqlite3.connect(tmp_path / "other.db").executescript("CREATE TABLE t (x); INSERT INTO t VALUES (1);").close()
    assert "a database, but not multi-scrobbler's" in refused(tmp_path / "other.db")
    assert "no file in the zip file is a listening history" in refused(packed(path, a="hello"))
    assert "no file in the zip file is a listening history" in refused(packed(path))
    table = "Song,Performer,Played At\nX,Y,2024-03-01 10:00:00\n"
    assert "no file in the zip file is a listening history" in refused(packed(path, a=table))


def test_a_damaged_zip_is_refused_with_a_reason(tmp_path: Path) -> None:
    path = packed(tmp_path / "x.zip", a=spotify("2020-05-01T10:00:00Z") * 20)
    data = path.read_bytes()
    assert "its end is missing" in refused(path, data[: len(data) // 2])
    assert "damaged" in refused(path, data[:60] + bytes(40) + data[100:])
    assert "encrypted" in refused(
        path, data[:6] + b"\x01" + data[7:].replace(b"PK\x01\x02\x14\x03\x14\0\0", b"PK\x01\x02\x14\x03\x14\0\x01")
    )


def test_a_zip_bomb_is_refused_before_it_fills_memory_or_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "UNPACKED_MOST", 10_000_000)
    head = spotify("2020-05-01T10:00:00Z").removesuffix("]")
    packed(tmp_path / "x.zip", a=head + " " * 30_000_000, b="x" * 1_000)
    assert (tmp_path / "x.zip").stat().st_size < 100_000
    tracemalloc.start()
    assert "it unpacks to more than" in refused(tmp_path / "x.zip")
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_too_many_plays_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LISTENS_MOST", 2)
    ends = [f"2020-05-01T10:00:0{number}Z" for number in range(3)]
    assert "it has more than 2 plays" in refused(tmp_path / "x", spotify(*ends).encode())
    assert len(plays(packed(tmp_path / "y", a=spotify(*ends[:2])), Notes())[1]) == 2


def test_too_many_files_are_refused_before_their_list_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FILES_MOST", 100)
    packed(tmp_path / "x.zip", **{f"{number}": "" for number in range(101)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert "more than 100 files" in refused(tmp_path / "x.zip")


def test_a_list_of_files_that_hides_its_length_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 10)  # writes the 64-bit form, as for more than 65,535 files
    monkeypatch.setattr(archives, "FILES_MOST", 100)
    data = packed(tmp_path / "x.zip", **{f"{number}": "" for number in range(101)}).read_bytes()
    assert b"PK\x06\x06" in data
    assert "more than 100 files" in refused(tmp_path / "x.zip")
    end = data.rfind(b"PK\x05\x06")
    assert "more than 100 files" in refused(tmp_path / "x.zip", data[: end + 8] + b"\1\0\1\0" + data[end + 12 :])


def test_a_pipe_is_taken_for_plays(tmp_path: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    pipe: Any = BufferedReader(Pipe((EXPORTS / "listenbrainz-9.jsonl").read_bytes()))
    assert sources.find(tmp_path, pipe) is None
    assert pipe.read(14) == b'{"inserted_at"'
