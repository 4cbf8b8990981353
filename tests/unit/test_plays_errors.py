"""What is said of a play that cannot be taken: which field, its value, and what would be right."""

import json
from typing import Any

import pytest

from tests.unit.reading_world import NOW_MS, lines, play, problem, read, track

NOW_S = NOW_MS / 1000


@pytest.mark.parametrize("missing", ["track", "listener", "place"])
def test_a_missing_field_is_named(missing: str) -> None:
    field, error = problem(play(**{missing: None}))
    assert field == missing
    assert "missing" in error


@pytest.mark.parametrize("missing", ["title", "artist"])
def test_a_missing_name_of_a_track_is_named_with_dots(missing: str) -> None:
    names = {"title": "a", "artist": "b"}
    del names[missing]
    assert problem(play(track=names)) == (f"track.{missing}", "missing; expected text of 1 to 300 characters")


@pytest.mark.parametrize(
    ("bad", "got"), [(5, "5"), ("x", "'x'"), (None, "null"), ([], "a list"), (True, "true"), (1.5, "1.5")]
)
def test_a_play_that_is_no_object_is_an_error(bad: Any, got: str) -> None:
    field, error = problem(bad)
    assert field is None
    assert error.startswith(f"got {got}; expected an object such as {{")


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"track": "Night Bus Home"}, "track", "expected an object such as"),
        ({"track": {"title": 7, "artist": "a"}}, "track.title", "got 7; expected text"),
        ({"track": {"title": None, "artist": "a"}}, "track.title", "got null; expected text"),
        ({"track": {"title": "", "artist": "a"}}, "track.title", "got 0 characters, ''; expected 1 to 300"),
        ({"track": {"title": " \u3000", "artist": "a"}}, "track.title", "got 0 characters"),
        ({"track": {"title": "a", "artist": "\u200b\u200d"}}, "track.artist", "; expected visible characters"),
        ({"track": {"title": "x" * 301, "artist": "a"}}, "track.title", "got 301 characters"),
        ({"track": {"title": "x" * 10_240, "artist": "a"}}, "track.title", "got 10240 characters, 'xxx"),
        ({"track": {"title": "a", "artist": "b", "album": 1}}, "track.album", "got 1; expected text"),
        ({"listener": 5}, "listener", "got 5; expected text"),
        ({"listener": ""}, "listener", "got 0 characters; expected 1 to 128"),
        ({"listener": "x" * 129}, "listener", "got 129 characters; expected 1 to 128"),
        ({"listener": ["a"]}, "listener", "got a list; expected text"),
        ({"place": ["Osaka"]}, "place", "expected"),
        ({"place": "Atlantis, Greece"}, "place", "Atlantis"),
        ({"place": "   "}, "place", "expected"),
        ({"place": {}}, "place", "got none; expected one of"),
        ({"place": {"name": "Osaka"}}, "place", "got none; expected one of"),
        ({"place": {"geoname_id": 1, "city": "a", "country": "b"}}, "place", "got geoname_id, and city and country"),
        ({"place": {"geoname_id": 1, "lon": 1}}, "place", "got geoname_id, and lon and lat"),
        ({"place": {"city": "Osaka"}}, "place.country", "missing"),
        ({"place": {"country": "JP"}}, "place.city", "missing"),
        ({"place": {"city": 5, "country": "JP"}}, "place.city", "got 5; expected text"),
        ({"place": {"city": "Osaka", "country": 81}}, "place.country", "got 81; expected text"),
        ({"place": {"city": "Osaka", "country": "JP", "admin1": 5}}, "place.admin1", "got 5; expected text"),
        ({"place": {"city": "Atlantis", "country": "GR"}}, "place", "no city 'Atlantis' in country 'GR'"),
        ({"place": {"city": "Osaka", "country": "XX"}}, "place", "'XX'"),
        ({"place": {"geoname_id": "1853909"}}, "place.geoname_id", "got '1853909'; expected a whole number"),
        ({"place": {"geoname_id": 1.5}}, "place.geoname_id", "got 1.5; expected a whole number"),
        ({"place": {"geoname_id": True}}, "place.geoname_id", "got true; expected a whole number"),
        ({"place": {"geoname_id": 1}}, "place", "no city has the GeoNames id 1"),
        ({"place": {"geoname_id": -1}}, "place", "no city has the GeoNames id -1"),
        ({"place": {"geoname_id": 10**30}}, "place", "no city has the GeoNames id 1000000"),
        ({"place": {"lon": 1}}, "place.lat", "missing"),
        ({"place": {"lon": "1", "lat": 2}}, "place.lon", "got '1'; expected -180 to 180 degrees"),
        ({"place": {"lon": False, "lat": 2}}, "place.lon", "got false; expected -180 to 180 degrees"),
        ({"place": {"lon": 0, "lat": 91}}, "place", "lat is 91; expected a number from -90 to 90"),
        ({"place": {"lon": 181, "lat": 0}}, "place", "lon is 181; expected a number from -180 to 180"),
        ({"place": {"lon": 10**299, "lat": 0}}, "place", "; expected a number from -180 to 180"),
        ({"place": {"lon": -30, "lat": 0}}, "place", "no city within 100 km of lon -30, lat 0"),
        ({"pressed_at": str(NOW_S)}, "pressed_at", f"got '{NOW_S}'; expected a number of epoch seconds"),
        ({"pressed_at": True}, "pressed_at", "got true; expected a number of epoch seconds"),
        ({"pressed_at": {}}, "pressed_at", "got an object; expected a number of epoch seconds"),
        ({"source": "Live"}, "source", "got 'Live'; expected one of 'live', 'synthetic', 'replay'"),
        ({"source": 1}, "source", "got 1; expected one of 'live', 'synthetic', 'replay'"),
    ],
)
def test_a_bad_field_is_named_with_its_value_and_what_would_be_right(
    changes: dict[str, Any], field: str, says: str
) -> None:
    got, error = problem(play(**changes))
    assert got == field
    assert says in error
    assert len(error) < 250


@pytest.mark.parametrize("off_s", [-3600, -5.001, 1.001, 3600, -NOW_S, 1e30])
def test_a_press_outside_the_window_is_told_the_servers_now(off_s: float) -> None:
    field, error = problem(play(pressed_at=NOW_S + off_s))
    assert field == "pressed_at"
    assert "; expected at most 5 s before and 1 s after the server's time, 1790000000.000" in error
    assert "looks like" not in error


@pytest.mark.parametrize(
    ("factor", "unit"), [(1_000, "milliseconds"), (1_000_000, "microseconds"), (1_000_000_000, "nanoseconds")]
)
def test_a_press_in_another_unit_is_told_which(factor: int, unit: str) -> None:
    _, error = problem(play(pressed_at=NOW_S * factor))
    assert error.endswith(f"it looks like {unit}, send epoch seconds")


@pytest.mark.parametrize(("number", "field"), [(b"1e400", "pressed_at"), (b"9" * 5000, "pressed_at")])
def test_a_number_beyond_all_bounds_is_an_error_of_its_play(number: bytes, field: str) -> None:
    bad = json.dumps(play(pressed_at=1)).encode().replace(b'"pressed_at": 1', b'"pressed_at": ' + number)
    reading = read(lines(play(), bad, play()), lines=True)
    assert (len(reading.plays), reading.errors[0].field) == (2, field)
    assert read(b"[" + bad + b"]").errors[0].error.startswith("got a number too large to read; ")


@pytest.mark.parametrize(
    ("character", "kind"),
    [
        ("\x00", "control character U+0000"),
        ("\n", "control character U+000A"),
        ("\x7f", "control character U+007F"),
        ("\x9b", "control character U+009B"),
        ("\u2028", "control character U+2028"),
        ("\uffff", "control character U+FFFF"),
        ("\u202e", "changes the direction of text U+202E"),
        ("\u2066", "changes the direction of text U+2066"),
        ("\ud800", "lone surrogate (half of a character) U+D800"),
        ("\udc00", "lone surrogate (half of a character) U+DC00"),
    ],
)
def test_characters_that_no_text_may_hold_are_named_with_their_place(character: str, kind: str) -> None:
    text = f"ab{character}c"
    for field, bad in (
        ("track.title", track(title=text)),
        ("track.artist", track(artist=text)),
        ("track.album", track(album=text)),
        ("listener", play(listener=text)),
        ("place.city", play(place={"city": text, "country": "JP"})),
    ):
        got, error = problem(bad)
        assert got == field
        assert f"{kind} at character 2" in error
        assert error.isprintable()
        error.encode()


@pytest.mark.parametrize(
    "title", ["👩🏽‍🚀", "می\u200cخواهم", "\u200fשלום", "नमस्ते", "ก็", "🏴\U000e0067\U000e0062\U000e007f", "\ue000x"]
)
def test_characters_that_scripts_need_are_kept(title: str) -> None:
    assert json.loads(read(track(title=title)).plays.tracks[0])["title"] == title


@pytest.mark.parametrize("field", ["url", "artwork_url"])
@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)//https://a.example",
        "data:text/html,x",
        "http://a.example",
        "//a.example/x",
        "https:",
        "https://",
        "https:///x",
        "https:\\\\a.example",
        "https://a.example\\@b.example",
        "https://user@a.example",
        "https://a.example:pass@b.example/",
        "https://a.example/ x",
        " https://a.example",
        "https://a.example/\n",
        "https://a.example/\u202ex",
        'https://a.example/"onload="x',
        "https://a.example/" + "x" * 2031,
        "",
        5,
    ],
)
def test_an_address_that_is_not_plain_https_is_refused(field: str, address: Any) -> None:
    got, error = problem(track(**{field: address}))
    assert got == f"track.{field}"
    assert error.endswith("; expected an https address of at most 2048 characters")
    assert error.isprintable()


@pytest.mark.parametrize(
    "address",
    [
        "https://a.example",
        "https://a.example:8443/x?y=z#w",
        "https://xn--r8jz45g.jp/音楽?q=a%20b",
        "https://[2001:db8::1]/x",
        "https://[2606:4700::1111]/",
        "https://8.8.8.8/?next=https://user@localhost/",
        "https://local.example/localhost",
        "https://10.example",
        "https://a.example/" + "x" * 2030,
    ],
)
def test_an_https_address_is_carried_as_it_is(address: str) -> None:
    assert json.loads(read(track(url=address)).plays.tracks[0])["url"] == address


@pytest.mark.parametrize(
    ("address", "carried"),
    [
        ("HTTPS://A.Example/X", "https://a.example/X"),
        ("https://例え.jp/音楽", "https://xn--r8jz45g.jp/音楽"),
        ("https://例え。jp", "https://xn--r8jz45g.jp"),
        ("https://BÜCHER.example:8443", "https://xn--bcher-kva.example:8443"),
        ("https://bu\u0308cher.example", "https://xn--bcher-kva.example"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("https://हिन्दी.example", "https://xn--j2bd4cyah0f.example"),
        ("https://аррӏе.com", "https://xn--80ak6aa92e.com"),
        ("https://a.example./", "https://a.example/"),
        ("https://[2001:DB8::1]", "https://[2001:db8::1]"),
    ],
)
def test_the_host_of_an_address_is_carried_as_browsers_look_it_up(address: str, carried: str) -> None:
    """What is expected is what Node's `new URL` makes of them; it keeps a last full stop, which means the same."""
    for field in ("url", "artwork_url"):
        assert json.loads(read(track(**{field: address})).plays.tracks[0])[field] == carried


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "localhost.",
        "a.localhost",
        "ｌｏｃａｌｈｏｓｔ",
        "printer.local",
        "printer.local.",
        "nas.lan",
        "router.home.arpa",
        "wiki.internal",
        "intranet",
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "１２７.0.0.1",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "1.2.3.4.5",
        "8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.9.9",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd12:3456::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:c0a8:101]",
        "[::127.0.0.1]",
        "[fec0::1]",
        "[64:ff9b:1::1]",
        "[100::1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[1:2]",
        "-a.example",
        "a..example",
        "a\u2044b.example",
        "i\u2764.example",
        "x" * 64 + ".example",
        "a." * 130 + "example",
    ],
)
def test_an_address_of_a_private_network_or_in_an_odd_spelling_is_refused(host: str) -> None:
    for field in ("url", "artwork_url"):
        named, error = problem(track(**{field: f"https://{host}/x"}))
        assert named == f"track.{field}"
        assert error.startswith(f"got 'https://{host[:20]}")
        assert error.endswith("; expected a public https address")


@pytest.mark.parametrize(
    "blank",
    ["\u3164", "\u115f\u1160", "\uffa0", "\u2800\u2800", "\ufe0f", "\U000e0100", "\U000e0041", "\u034f", "\u180e",
     "\u00ad",     "\u2060\u3164", "\u17b4", "\u2065", "\u3000\u200b", "\u061c"],
)  # fmt: skip
@pytest.mark.parametrize("field", ["title", "artist"])
def test_a_text_of_invisible_letters_is_refused(field: str, blank: str) -> None:
    named, error = problem(track(**{field: blank}))
    assert (named, error.endswith("; expected visible characters")) == (f"track.{field}", True)
    assert read(track(**{field: f"{blank}a"})).rejected == 0


@pytest.mark.parametrize(
    "recording",
    [
        "USRC17607839",
        "isrc:US-RC1-76-07839",
        "isrc:USRC1760783",
        "isrc:1SRC17607839",
        "isrc:USRC1760783\u0669",
        "mbid:not-a-uuid",
        "mbid:b1a9c0e9-d987-4042-ae91-78d6a3267d6",
        "spotify:track:1",
        "",
        5,
    ],
)
def test_a_recording_of_another_shape_is_refused(recording: Any) -> None:
    field, error = problem(track(recording=recording))
    assert field == "track.recording"
    assert "; expected 'isrc:' and 12 letters and digits" in error


def test_a_recording_never_joins_or_splits_tracks() -> None:
    codes = ("isrc:QZABC2600001", "mbid:B1A9C0E9-D987-4042-AE91-78D6A3267D69", None)
    wires = [json.loads(read(track(recording=code)).plays.tracks[0]) for code in codes]
    assert len({wire["id"] for wire in wires}) == 1
    assert wires[1]["recording"] == "mbid:b1a9c0e9-d987-4042-ae91-78d6a3267d69"


def test_an_error_is_never_remembered_for_a_good_play() -> None:
    bad = play(place={"city": "Atlantis", "country": "GR"})
    for _ in range(2):
        assert problem(bad)[0] == "place"
        assert read(play()).rejected == 0


def test_the_first_thing_wrong_with_a_play_is_what_is_told() -> None:
    assert problem(play(track={}, place={}, pressed_at=0))[0] == "track.title"
