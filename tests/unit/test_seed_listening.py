"""`unison seed --replay` of listening histories, up to what it sends."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from webapp.seed.cli import main
from webapp.seed.client import Answer, Client

EXPORTS = Path(__file__).parents[1] / "data" / "exports"
SPOTIFY = EXPORTS / "Streaming_History_Audio_2025_0.json"
OSAKA = 1853909


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What would be sent: a server that takes everything."""
    plays: list[dict[str, Any]] = []

    def post(_: Client, body: bytes) -> Answer:
        plays.extend(map(json.loads, body.splitlines()))
        return Answer(body.count(b"\n"))

    monkeypatch.setattr(Client, "post", post)
    return plays


def replay(path: Path, *arguments: str, city: str | None = "Osaka") -> Result:
    where = () if city is None else ("--city", city)
    return CliRunner().invoke(main, ["--replay", str(path), *where, *arguments], env={"UNISON_TOKEN": None})


def test_a_history_is_sent_as_one_listener_in_one_city(sent: list[dict[str, Any]]) -> None:
    result = replay(SPOTIFY, "--speed", "2000")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("2 sent, 2 accepted, ")
    first, second = sent
    assert first["track"] == {"title": "Slow Lighthouse", "artist": "Marisol Vey"}
    assert first["place"] == second["place"] == {"geoname_id": OSAKA}
    assert first["listener"] == second["listener"]
    assert re.fullmatch("[0-9a-f]{32}", first["listener"])
    assert [play["within_s"] for play in sent] == [1, 1]
    assert second["pressed_at"] - first["pressed_at"] == pytest.approx(200.5 / 2000, abs=0.002)


def test_it_says_what_is_sent_what_is_left_out_and_how_long_it_takes(sent: list[dict[str, Any]]) -> None:
    result = replay(SPOTIFY, "--speed", "20000")
    assert result.stderr.splitlines()[:3] == [
        "Spotify's extended history: 2 plays, 2025-09-06 to 2025-09-06, in Osaka, Japan.",
        "Left out: incognito (1), podcasts and audiobooks (2), without a track's name (1).",
        "At --speed 20000 this takes 0:00.",
    ]


def test_by_default_a_day_takes_a_minute(sent: list[dict[str, Any]]) -> None:
    result = replay(EXPORTS / "StreamingHistory_music_0.json")
    assert "At --speed 1440 this takes 0:00." in result.stderr
    assert sent[1]["pressed_at"] - sent[0]["pressed_at"] == pytest.approx(220.5 / 1440, abs=0.002)
    assert [play["within_s"] for play in sent] == [60, 60]


def test_two_runs_of_one_file_are_one_listener_and_two_files_are_two(sent: list[dict[str, Any]]) -> None:
    for path in (SPOTIFY, SPOTIFY, EXPORTS / "StreamingHistory_music_0.json"):
        replay(path, "--speed", "100000")
    one, other, third = (sent[number]["listener"] for number in (0, 2, 4))
    assert one == other != third


def test_a_zip_is_sent_as_it_was_downloaded(tmp_path: Path, sent: list[dict[str, Any]]) -> None:
    path = tmp_path / "my_spotify_data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(SPOTIFY, "Spotify Extended Streaming History/Streaming_History_Audio_2025_0.json")
        archive.writestr("Spotify Extended Streaming History/ReadMeFirst.pdf", b"%PDF")
    result = replay(path, "--speed", "100000", city="Portland, Maine")
    assert "in Portland, Maine, United States." in result.stderr
    assert "without a track's name (1), other files (1)." in result.stderr
    assert len(sent) == 2


def test_neither_address_nor_user_nor_device_is_sent_or_printed(sent: list[dict[str, Any]]) -> None:
    for path in EXPORTS.iterdir():
        result = replay(path, "--speed", "1e9")
        told = json.dumps(sent) + result.output.replace(str(path), "")
        assert [word for word in ("203.0.113.77", "hushed-heron-77", "Phone") if word in told] == [], path
    assert len(sent) > 20
    assert {key for play in sent for key in play} == {"track", "place", "listener", "within_s", "pressed_at"}


def test_malformed_entries_are_told_by_number_then_in_total(tmp_path: Path, sent: list[dict[str, Any]]) -> None:
    lines = ["oops,\n"] * 25 + ["Marisol Vey,Low Water,Slow Lighthouse,06 Sep 2025 14:20\n"] * 2
    (tmp_path / "x.csv").write_text("".join(lines[-1:] + lines))
    result = replay(tmp_path / "x.csv")
    assert "line 2 skipped: 2 columns; expected 4" in result.stderr
    assert "line 21 skipped: " in result.stderr
    assert "line 22 skipped: " not in result.stderr
    assert "Left out: repeated (2), malformed (25)." in result.stderr
    assert len(sent) == 1


def test_a_history_without_a_listen_says_so(sent: list[dict[str, Any]]) -> None:
    result = replay(EXPORTS / "StreamingHistory_podcast_0.json")
    assert result.exit_code == 1
    assert "Left out: podcasts and audiobooks (1)." in result.stderr
    assert "has no listen that can be replayed." in result.stderr
    assert not sent


def test_it_ends_after_the_seconds_that_were_asked_for(sent: list[dict[str, Any]]) -> None:
    assert replay(SPOTIFY, "--speed", "1", "--seconds", "0.01").exit_code == 0
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("file", "city", "sentence", "code"),
    [
        (SPOTIFY, None, "(Spotify's extended history) does not say where you were: add --city, such as", 2),
        (SPOTIFY, "Atlantis, Greece", "no city 'Atlantis, Greece'", 2),
        (SPOTIFY, "Germany", "'Germany' is a country; add a city", 2),
        (SPOTIFY, "", "no city ''", 2),
        (EXPORTS, "Osaka", "exports' is a directory; give one file, such as the zip file that you downloaded", 2),
    ],
)
def test_a_mistake_is_one_clear_sentence(file: Path, city: str | None, sentence: str, code: int) -> None:
    result = replay(file, city=city)
    assert sentence in result.stderr
    assert result.exit_code == code
    assert len([line for line in result.stderr.splitlines() if line.startswith("Error: ")]) == 1


def test_plays_say_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(
        b'\n\xef\xbb\xbf{"track": {"title": "t", "artist": "a"}, "place": "Osaka", "pressed_at": 1757168405}\n'
    )
    result = replay(tmp_path / "x")
    assert (result.exit_code, "--city is for listening histories; the plays of" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello\n", "it is no known listening history; expected plays as NDJSON, or an export of Spotify, "),
        (b"foo,bar,baz\n", "it is no known listening history; expected plays as NDJSON, or an export of Spotify, "),
        (b"", "it is empty; expected plays as NDJSON"),
        (b"Song,Performer,Played At\nX,Y,2024-03-01 10:00:00\n", "its columns are 'Song', 'Performer', 'Played At'; "),
    ],
)
def test_a_file_that_is_no_history_says_what_would_be_one(
    tmp_path: Path, sent: list[dict[str, Any]], data: bytes, reason: str
) -> None:
    (tmp_path / "x.txt").write_bytes(data)
    result = replay(tmp_path / "x.txt", city="Recife")
    assert (result.exit_code, sent) == (1, [])
    assert f"x.txt cannot be replayed: {reason}" in result.stderr


def test_a_file_that_cannot_be_read_to_its_end_is_one_clear_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", SPOTIFY.read_text() + " " * 100_000)
    data = path.read_bytes()
    path.write_bytes(data[:700] + bytes(8) + data[708:])
    result = replay(path)
    assert result.exit_code == 1
    assert "x.zip cannot be replayed: the zip file is damaged: " in result.stderr
    path.write_bytes(b'[{"artistName": "Ana", "segment": "x"}]')
    result = replay(path)
    assert result.exit_code == 1
    assert "cannot be replayed: it is a JSON array of an unknown kind; expected plays as NDJSON" in result.stderr


def test_help_names_what_can_be_replayed() -> None:
    text = " ".join(CliRunner().invoke(main, ["--help"]).output.split())
    for name in ("Spotify", "ListenBrainz", "Last.fm", "Maloja", "multi-scrobbler", "--city", "a day in a minute"):
        assert name in text
