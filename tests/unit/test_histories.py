"""Exports of listening histories: invented content in the shape that each service or tool really writes."""

import io
import json
from collections import Counter
from pathlib import Path

import pytest

from webapp.histories.errors import BadEntryError, HistoryError
from webapp.histories.forms import HEAD_BYTES, recognise
from webapp.histories.listens import Listen, Skip

EXPORTS = Path(__file__).parents[1] / "data" / "exports"
VEY = (1_757_168_405_000, 1, "Slow Lighthouse", "Marisol Vey")
UMINO = (1_757_168_605_000, 1, "雨の灯台", "海野しずく")
UMINO_AND_BO = (*UMINO[:3], "海野しずく, Bo")
HALF_LATER = (1_757_168_605_500, *UMINO[1:])
MBID = "mbid:5f0d0000-0000-4000-8000-000000000004"
HARBOUR = (1_757_170_000_000, 1, "Tin Harbour", "Ana & Bo")
SPOTIFY, SHORT, LISTENBRAINZ = "Spotify's extended history", "Spotify's history of a year", "ListenBrainz's export"
LASTFM, MALOJA, MULTI = "Last.fm's scrobbles", "Maloja's export", "multi-scrobbler's plays"


def minutes(listen: tuple[int, int, str, str]) -> tuple[int, int, str, str]:
    """Return a listen as an export has it that says the minute only."""
    return (listen[0] // 60_000 * 60_000, 60, *listen[2:])


def read(data: bytes) -> tuple[str, list[Listen], Counter[Skip], list[tuple[int, str]]]:
    form = recognise(data[:HEAD_BYTES])
    assert form is not None
    found = list(form.listens(io.BytesIO(data)))
    listens = [each for _, each in found if isinstance(each, Listen)]
    bad = [(number, str(each)) for number, each in found if isinstance(each, BadEntryError)]
    return form.name, listens, Counter(each for _, each in found if isinstance(each, Skip)), bad


def as_json(*values: object) -> bytes:
    return json.dumps(values).encode()


@pytest.mark.parametrize(
    ("file", "name", "listens", "skipped"),
    [
        (
            "Streaming_History_Audio_2025_0.json",
            SPOTIFY,
            [Listen(*VEY), Listen(*HALF_LATER)],
            {Skip.PODCAST: 2, Skip.INCOGNITO: 1, Skip.UNNAMED: 1},
        ),
        (
            "StreamingHistory_music_0.json",
            SHORT,
            [Listen(1_757_168_380_000, 60, *VEY[2:]), Listen(1_757_168_600_500, 60, *UMINO[2:])],
            {},
        ),
        ("StreamingHistory_podcast_0.json", SHORT, [], {Skip.PODCAST: 1}),
        (
            "listenbrainz-9.jsonl",
            LISTENBRAINZ,
            [Listen(*VEY), Listen(*HALF_LATER, MBID), Listen(*HARBOUR)],
            {},
        ),
        (
            "hushed-heron-77_lb-2025-09-07.json",
            LISTENBRAINZ,
            [Listen(*HARBOUR), Listen(*HALF_LATER, MBID), Listen(*VEY)],
            {},
        ),
        ("lastfm-to-csv.csv", LASTFM, [Listen(*minutes(UMINO)), Listen(*minutes(VEY))], {Skip.PLAYING: 1}),
        (
            "lastfm-to-csv-quoted.csv",
            LASTFM,
            [Listen(*minutes(UMINO)), Listen(*minutes(VEY)[:2], 'Slow "Lighthouse"', "Vey, Marisol")],
            {},
        ),
        (
            "lastfmstats-hushed-heron-77.csv",
            LASTFM,
            [Listen(*VEY), Listen(*UMINO[:2], "雨の; 灯台", UMINO[3])],
            {},
        ),
        ("lastfmstats-hushed-heron-77.json", LASTFM, [Listen(*VEY), Listen(*UMINO)], {}),
        ("recenttracks-hushed-heron-77-1757200000.csv", LASTFM, [Listen(*UMINO), Listen(*VEY)], {}),
        ("recenttracks-hushed-heron-77-1757200000.json", LASTFM, [Listen(*UMINO), Listen(*VEY)], {Skip.PLAYING: 1}),
        ("lastfm-backup.csv", LASTFM, [Listen(*UMINO), Listen(*VEY)], {}),
        ("maloja_export_2025_09_07_10_00_00.json", MALOJA, [Listen(*VEY), Listen(*UMINO_AND_BO)], {}),
        ("multi-scrobbler-0.json", MULTI, [Listen(*VEY), Listen(*UMINO_AND_BO)], {}),
        (
            "multi-scrobbler-scrobbled.json",
            MULTI,
            [Listen(HALF_LATER[0], *UMINO_AND_BO[1:], MBID), Listen(*VEY, "isrc:JPINV2500001")],
            {},
        ),
        (
            "multi-scrobbler-plays.json",
            MULTI,
            [Listen(HALF_LATER[0], *UMINO_AND_BO[1:], MBID), Listen(*VEY, "isrc:JPINV2500001")],
            {},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_each_export_is_known_by_its_content_and_read_whole(
    file: str, name: str, listens: list[Listen], skipped: dict[Skip, int]
) -> None:
    assert read((EXPORTS / file).read_bytes()) == (name, listens, Counter(skipped), [])


def test_every_export_in_the_folder_is_known() -> None:
    assert [path.name for path in EXPORTS.iterdir() if not recognise(path.read_bytes()[:HEAD_BYTES])] == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense\n",
        b"<html></html>",
        b"a,b,c\n1,2,3\n",
        b"[]",
        b"{}",
        b'[{"artistName": "Ana", "segment": "x"}]',
        b'{"username": "hushed-heron-77", "email": "x@example.org", "country": "JP"}',
        b'{"tracks": [{"artist": "Ana", "album": "Tide", "track": "Tin Harbour", "uri": "spotify:track:0"}]}',
        b'{"recording_msid": "0b2a", "score": 1, "created": 1757168405}\n',
        b'{"track": {"title": "t", "artist": "a"}, "listener": "x", "place": "Osaka", "pressed_at": 1757168405}\n',
        b'[{"track": {"title": "t", "artist": "a"}, "listener": "x", "time": 1, "pressed_at": 1757168405}]',
        b"\x00\xff" * 100,
    ],
)
def test_what_is_no_history_is_not_taken_for_one(data: bytes) -> None:
    assert recognise(data) is None


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"ts": "2025-09-06", "ms_played": 5, "master_metadata_track_name": "t"}, "the time is '2025-09-06'; expected"),
        ({"ts": "soon", "ms_played": 5, "master_metadata_track_name": "t"}, "the time is 'soon'; expected epoch"),
        ({"ts": "1970-01-01T00:00:00Z", "ms_played": 0, "master_metadata_track_name": "t"}, "not between the years"),
        ({"ts": "2025-09-06T14:00:00Z", "ms_played": -5, "master_metadata_track_name": "t"}, "played for -5 ms"),
        ({"ts": "2025-09-06T14:00:00Z", "ms_played": 10**12, "master_metadata_track_name": "t"}, "played for 1000"),
        ({"ts": "2025-09-06T14:00:00Z", "ms_played": "x", "master_metadata_track_name": "t"}, r"at `\$.ms_played`"),
        ({"ts": "2025-09-06T14:00:00Z", "ms_played": 5, "master_metadata_track_name": "t"}, "no artist's name"),
        ({"ts": "2025-09-06T14:00:00Z", "ms_played": 5, "master_metadata_track_name": " "}, "no track's name"),
        ({"ts": "2025-09-06T14:00:00Z", "ms_played": 5, "master_metadata_track_name": "t" * 301}, "has 301 characters"),
        ({"ts": "2025-09-06T14:00:00Z"}, "missing required field `ms_played`"),
        ([1], "not a JSON object"),
    ],
)
def test_a_malformed_entry_says_why_and_costs_only_itself(entry: object, why: str) -> None:
    good = json.loads((EXPORTS / "Streaming_History_Audio_2025_0.json").read_text())[0]
    _, listens, _, [(number, reason)] = read(as_json(good, entry, good))
    assert listens == [Listen(*VEY)] * 2
    assert number == 2
    assert pytest.raises(ValueError, match=why).matches(ValueError(reason))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Marisol Vey,Low Water,Slow Lighthouse,yesterday", "the time is 'yesterday'"),
        ("Marisol Vey,Low Water,Slow Lighthouse,31 Feb 2025 14:20", "the time is '31 Feb 2025 14:20'"),
        ("Marisol Vey,Low Water,Slow Lighthouse,01 Jan 1970 00:00", "is not between the years 2000 and 2100"),
        ("Marisol Vey,Low, Water,Slow Lighthouse,06 Sep 2025 14:20", "5 columns; expected 4"),
        ('"Marisol Vey,Low Water,Slow Lighthouse,06 Sep 2025 14:20', "not CSV: unexpected end of data"),
        (",Low Water,Slow Lighthouse,06 Sep 2025 14:20", "no artist's name"),
        ("Marisol \udcff,Low Water,Slow Lighthouse,06 Sep 2025 14:20", "not UTF-8"),
        ("x" * 1_000_001, "longer than 1,000,000 bytes"),
        ("x" * 200_000, "not CSV: field larger than field limit"),
    ],
    ids=lambda value: value[:30],
)
def test_a_malformed_line_of_csv_says_why_and_costs_only_itself(line: str, why: str) -> None:
    good = "Ana & Bo,Tide,Tin Harbour,06 Sep 2025 15:00\n"
    _, listens, _, [(number, reason)] = read((good + line + "\n\n" + good).encode("utf-8", "surrogateescape"))
    assert len(listens) == 2
    assert number == 2
    assert why in reason


def test_a_header_names_the_columns_in_any_order_and_a_day_may_stand_apart() -> None:
    for text in (
        "Track\tArtist\tTimestamp\nSlow Lighthouse\tMarisol Vey\t1757168405\n",
        "Time,Artist,Track,Album\n1757168405,Marisol Vey,Slow Lighthouse,Low Water\n",
        "artist;album;track;played_at\nMarisol Vey;;Slow Lighthouse;2025-09-06T16:20:05+02:00\n",
        "Date,Time,Artist,Title\n2025-09-06,14:20:05,Marisol Vey,Slow Lighthouse\n",
        "artist,track,date\nMarisol Vey,Slow Lighthouse,2025-09-06 14:20:05\n",
    ):
        assert read(text.encode())[1] == [Listen(*VEY)], text


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("Song,Performer,Played At\nX,Y,2024-03-01 10:00:00\n", "'Song', 'Performer', 'Played At'"),
        ("\ufeffArtist;Title;When\nX;Y;1757168405\n", "'Artist', 'Title', 'When'"),
        (
            "Who,What,Where,Day,Clock,Loved\nX,Y,Z,2024-03-01,10:00:00,1\n",
            "'Who', 'What', 'Where', 'Day', 'Clock', 'Loved'",
        ),
    ],
)
def test_a_header_of_unknown_names_is_refused_with_those_that_are_known(text: str, columns: str) -> None:
    with pytest.raises(HistoryError) as error:
        recognise(text.encode())
    assert f"its columns are {columns}; expected one for the artist (artist, " in str(error.value)
    assert "one for the track (track, title, name, " in str(error.value)
    assert "one for the time (uts, timestamp, " in str(error.value)


@pytest.mark.parametrize(
    "first", ["", "Ana,Tide,Harbour,", "Ana,Tide,Harbour,06 Sep 2025", "Ana,Harbour,yesterday", "oops,"]
)
def test_a_broken_first_row_is_no_header(first: str) -> None:
    form, listens, _, _ = read(f"{first}\nMarisol Vey,Low Water,Slow Lighthouse,06 Sep 2025 14:20\n".encode())
    assert (form, listens) == (LASTFM, [Listen(*minutes(VEY))])


def test_text_that_is_no_utf_8_is_a_malformed_entry() -> None:
    good = (EXPORTS / "Streaming_History_Audio_2025_0.json").read_bytes()
    _, listens, _, bad = read(good.replace(b"Slow Lighthouse", b"Slow \xff"))
    assert (listens, [number for number, _ in bad]) == ([Listen(*HALF_LATER)], [1])


def test_old_forms_of_spotifys_times_are_read() -> None:
    entry = {"ms_played": 1, "master_metadata_track_name": "t", "master_metadata_album_artist_name": "a"}
    stamps = ("2025-09-06T14:20:05Z", "2025-09-06 14:20:05 UTC", "2025-09-06T14:20:05+00:00")
    _, listens, _, bad = read(as_json(*({"ts": stamp} | entry for stamp in stamps)))
    assert [listen.at_ms for listen in listens] == [VEY[0] - 1] * 3
    assert not bad


def test_what_players_say_wrong_of_a_recording_costs_the_recording_only() -> None:
    infos: list[object] = [None, [], {"recording_mbid": ""}, {"recording_mbid": [MBID[5:]]}, {"isrc": "no"}, {}]
    entries = [
        {"listened_at": 1757168405, "track_metadata": {"track_name": VEY[2], "artist_name": VEY[3], **info}}
        for info in ({"additional_info": each, "mbid_mapping": each} for each in infos)
    ]
    assert read(as_json(*entries))[1] == [Listen(*VEY)] * len(infos)
    assert read(as_json({"listened_at": None, "track_metadata": {}}))[2] == {Skip.PLAYING: 1}


def test_last_fms_own_answers_are_read_too() -> None:
    tracks = json.loads((EXPORTS / "recenttracks-hushed-heron-77-1757200000.json").read_text())[0]["track"]
    for data in (
        json.dumps({"recenttracks": {"@attr": {"user": "x"}, "track": tracks}}, indent=1).encode(),
        as_json({"recenttracks": {"track": tracks, "@attr": {"user": "x"}}}),
        as_json(*tracks),
        "\n".join(map(json.dumps, tracks)).encode(),
    ):
        name, listens, skipped, bad = read(data)
        assert (name, listens, skipped, bad) == (LASTFM, [Listen(*UMINO)], {Skip.PLAYING: 1}, [])


def test_a_page_without_tracks_is_one_malformed_entry() -> None:
    pages = json.loads((EXPORTS / "recenttracks-hushed-heron-77-1757200000.json").read_text())
    _, listens, _, bad = read(as_json(pages[0], {"page": 2}, pages[1]))
    assert len(listens) == 2
    assert bad == [(3, "a page without tracks")]


def test_broken_entries_at_the_beginning_do_not_hide_what_a_file_is() -> None:
    line = (EXPORTS / "listenbrainz-9.jsonl").read_text().splitlines()[0]
    name, listens, _, bad = read(f"oops\n\n{line}\n".encode().replace(b"oops", b'{"listened_at": 1, "track'))
    assert (name, listens) == (LISTENBRAINZ, [Listen(*VEY)])
    assert [number for number, _ in bad] == [1]
