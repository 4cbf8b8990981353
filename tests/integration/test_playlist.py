from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit
from xml.etree import ElementTree

import feedparser  # type: ignore[import-untyped]
import pytest

from tests.plays import connect_pair
from tests.serving import Server, ask, get_json, wait_until_written


@pytest.fixture(scope="module")
def server(serve_shared: Callable[..., Server]) -> Server:
    return serve_shared()


@pytest.fixture(scope="module")
def connected(server: Server) -> str:
    """The id of the one connection that was shown, and is written."""
    connection = connect_pair(server, "Night Bus <Home>", "Marisol Vey")
    wait_until_written(server)
    return str(connection["id"])


def test_the_playlist_names_the_song_its_moment_and_its_source(server: Server, connected: str) -> None:
    answer = ask(server, "/playlist?period=hour", Accept="text/html")
    assert (answer.status, answer.kind) == (200, "text/html; charset=utf-8")
    for words in ("Night Bus &lt;Home&gt;", "Marisol Vey", f"/c/{connected}", "live", "musicbrainz.org/search"):
        assert words in answer.text


@pytest.mark.parametrize("period", ["hour", "day", "week"])
def test_players_get_files_with_absolute_addresses(server: Server, connected: str, period: str) -> None:
    moment = f"{server.url}/c/{connected}"
    xspf = ask(server, f"/playlist.xspf?period={period}&by=farthest")
    assert xspf.kind == "application/xspf+xml"
    assert [info.text for info in ElementTree.fromstring(xspf.body).iter("{http://xspf.org/ns/0/}info")][1:] == [moment]
    tracks = get_json(server, f"/playlist.jspf?period={period}")["playlist"]["track"]
    assert [(track["title"], track["info"]) for track in tracks] == [("Night Bus <Home>", moment)]
    assert "1 of 1 songs have no url" in ask(server, f"/playlist.m3u?period={period}").text
    assert "m3u" not in ask(server, f"/playlist?period={period}").text


def test_a_feed_reader_reads_the_latest_moments_of_a_filter(common: Server) -> None:
    connected = connect_pair(common, "Night Bus <Home>", "Feed & Sons")["id"]
    connect_pair(common, "Slow Lighthouse", "North Quay Choir")
    everything = feedparser.parse(ask(common, "/moments.atom").body)
    assert not everything.bozo
    assert [entry.title for entry in everything.entries][:2] == [
        "Slow Lighthouse – North Quay Choir", "Night Bus <Home> – Feed & Sons",
    ]  # fmt: skip
    (entry,) = feedparser.parse(ask(common, "/moments.atom?artist=feed+%26+sons").body).entries
    assert entry.link == f"{common.url}/c/{connected}"
    assert entry.summary.startswith("Osaka, Japan – Recife, Brazil")
    (entry,) = feedparser.parse(ask(common, "/moments.atom?artist=feed+%26+sons&lang=de").body).entries
    assert entry.summary.startswith("Osaka, Japan – Recife, Brasilien")


def test_a_feed_leads_to_the_globe_with_its_filter(idle: Server) -> None:
    found = feedparser.parse(ask(idle, "/moments.atom?country=BR").body).feed
    assert (found.id, found.link) == (f"{idle.url}/moments.atom?country=BR", f"{idle.url}/?country=BR")


def test_a_feed_has_an_absolute_id_where_the_servers_address_is_not_known(idle: Server) -> None:
    found = feedparser.parse(ask(idle, "/moments.atom?country=BR", Host="192.0.2.9").body).feed
    assert urlsplit(found.id).scheme


def test_an_empty_server_has_an_empty_chart_and_feed(idle: Server) -> None:
    assert "No connections in this period." in ask(idle, "/playlist", Accept="text/html").text
    assert get_json(idle, "/playlist.jspf")["playlist"]["track"] == []
    assert not feedparser.parse(ask(idle, "/moments.atom").body).bozo


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("/playlist?period=year", 400, "'year'"),
        ("/playlist.xspf?by=", 400, "''"),
        ("/playlist.pls", 404, ""),
        ("/stats?period=1", 400, "'1'"),
        ("/stats.csv?of=cities", 400, "'cities'"),
        ("/moments.atom?country=XX", 400, "'XX'"),
        ("/moments.atom?contry=BR", 400, "'contry'"),
    ],
)
def test_what_is_not_known_is_refused_by_name(idle: Server, path: str, status: int, named: str) -> None:
    answer = ask(idle, path)
    assert (answer.status, named in answer.error) == (status, True)


def test_figures_count_it_and_go_as_csv(server: Server, connected: str) -> None:
    page = ask(server, "/stats?period=hour", Accept="text/html")
    assert "Night Bus &lt;Home&gt;" in page.text
    german = ask(server, "/stats?period=hour&lang=de", Accept="text/html").text
    assert "<bdi>Brasilien</bdi>" in german
    countries = ask(server, "/stats.csv?of=countries&lang=de").text
    assert '"BR","Brazil","1"' in countries
    songs = ask(server, "/stats.csv?of=songs")
    assert (songs.status, songs.kind) == (200, "text/csv; charset=utf-8")
    assert songs.text == '\ufeff"title","artist","connections"\r\n"Night Bus <Home>","Marisol Vey","1"\r\n'
