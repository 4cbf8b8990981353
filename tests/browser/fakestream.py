"""A fake stream for a page: the test says what comes, and the server's own core puts it into words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from msgspec import Raw
from playwright.sync_api import Page, WebSocketRoute

from webapp.core import frames
from webapp.core.filters import Filter, FilterError
from webapp.core.plays import track_id
from webapp.core.records import CROWD, CROWD_CITY, Connection, Counts, SliceRecord, connection_id
from webapp.core.selection import Chosen
from webapp.core.songs import artist_key
from webapp.gazetteerdata import load_gazetteer

NOW_S = 1_790_000_000.0
"""The page's time at the start, epoch seconds."""
ARTIST = "The Harbour Lamps"
GAZETTEER = load_gazetteer()
ASK = """(() => {
  const {fetch, Response} = window;
  window.fetch = async (url, ...more) =>
    String(url).includes('/api/today?') ? new Response(await window.tellToday(String(url))) : fetch(url, ...more);
})()"""
"""A page asks the stream of a test. With a route, all its requests would take a detour, at twice the cost."""


class Song(NamedTuple):
    """A song that two listeners start, and the GeoNames ids of their cities."""

    title: str
    cities: tuple[int, int]
    artist: str = ARTIST


class Sent(NamedTuple):
    """A frame that was sent."""

    seq: int
    now_s: float
    connections: list[Connection]
    crowd: CrowdSong | None = None


class CrowdSong(NamedTuple):
    """The most played song of a frame: its plays, those of all songs, and how many each city has, by GeoNames id."""

    title: str
    plays: int
    of: int
    cities: Mapping[int, int]


class FakeStream:
    """Answers `/stream` for all sockets of a page, and `/api/today`; filters, `recent` and `since` work as on a server.

    It also stops the page's clock: time passes only in `pass_time` and `pass_silence`.

    Attributes:
        asked: the parameters of the questions to `/api/today`.
    """

    def __init__(self, page: Page) -> None:
        self.now_s = NOW_S
        self.plays = 0
        """Synthetic plays of the last minute, without those of the connections."""
        self._page = page
        self._name = 1
        self._sent: list[Sent] = []
        self._viewers: dict[WebSocketRoute, Filter] = {}
        self._lead: Connection | None = None
        self._waiting: list[WebSocketRoute] | None = None
        self._broken = False
        page.clock.install(time=NOW_S - 60)  # it runs until it is paused
        page.clock.pause_at(NOW_S)
        self._earlier: list[Connection] = []
        page.route_web_socket("**/stream*", self._open)
        self.asked: list[dict[str, str]] = []
        page.expose_function("tellToday", self._today)
        page.add_init_script(ASK)

    # Messages

    def count_earlier(self, title: str, cities: tuple[int, int], *, ago_s: float) -> str:
        """Have a connection counted that was shown before the stream began; return its id."""
        at_ms = round(1000 * (self.now_s - ago_s))
        self._earlier.append(connection(Song(title, cities), at_ms, len(self._earlier)))
        return self._earlier[-1].id

    def connect(self, title: str, cities: tuple[int, int], artist: str = ARTIST, *, ago_s: float = 0) -> str:
        """Send a connection of two listeners who pressed play 40 ms apart; return its id."""
        return self.send([Song(title, cities, artist)], ago_s=ago_s)[0]

    def send(self, songs: Iterable[Song], *, ago_s: float = 0) -> list[str]:
        """Send one frame with a connection for each song; return their ids."""
        at_ms = round(1000 * (self.now_s - ago_s))
        made = [connection(song, at_ms, 1000 * self._seq + row) for row, song in enumerate(songs)]
        self._sent.append(Sent(self._seq + 1, self.now_s, made))
        for socket in list(self._viewers):
            self._tell(socket, self._sent[-1])
        return [connection.id for connection in made]

    def crowd(self, title: str, plays: int, *, of: int, cities: Mapping[int, int]) -> None:
        """Send a frame whose most played song has so many of all plays."""
        self._sent.append(Sent(self._seq + 1, self.now_s, [], CrowdSong(title, plays, of, cities)))
        for socket in list(self._viewers):
            self._tell(socket, self._sent[-1])

    def lead(self, id: str | None) -> None:
        """Send the lead story: a connection that was sent, or none."""
        sent = {connection.id: connection for each in self._sent for connection in each.connections}
        self._lead = None if id is None else sent[id]
        self.repeat_lead()

    def repeat_lead(self) -> None:
        """Send the lead story again."""
        for socket, wanted in list(self._viewers.items()):
            if not wanted:
                self._tell_lead(socket)

    # Time and failures

    def pass_time(self, seconds: float) -> None:
        """Pass time on the page, with a frame each second as from a server."""
        for step in _steps(seconds):
            self.pass_silence(step)
            self.send([])

    def pass_silence(self, seconds: float) -> None:
        """Pass time on the page without a frame."""
        for step in _steps(seconds):
            self._page.clock.fast_forward(round(1000 * step))
            self.now_s += step

    def skip(self, seconds: float) -> None:
        """Pass much time at once, as while a device sleeps; then send a frame."""
        self._page.clock.fast_forward(round(1000 * seconds))
        self.now_s += seconds
        self.send([])

    def fail(self) -> None:
        """Close all sockets, and each new one at once, until `recover`."""
        self._broken = True
        while self._viewers:
            self._viewers.popitem()[0].close(code=4000)

    def stay_silent(self) -> None:
        """Send nothing to new sockets until `recover`."""
        self._waiting = []

    def recover(self, *, anew: bool = False) -> None:
        """Answer again: with all earlier frames, or anew like a server that was restarted."""
        if anew:
            self._name, self._sent = self._name + 1, []
        waiting, self._waiting, self._broken = self._waiting, None, False
        for socket in waiting or ():
            self._greet(socket)

    @property
    def _seq(self) -> int:
        return self._sent[-1].seq if self._sent else 0

    def _open(self, socket: WebSocketRoute) -> None:
        if self._broken:
            socket.close(code=4000)
        elif self._waiting is None:
            self._greet(socket)
        else:
            self._waiting.append(socket)

    def _today(self, url: str) -> str:
        query = dict(parse_qsl(urlsplit(url).query))
        self.asked.append(query)
        since_ms, city = 1000 * int(query["since"]), int(query.get("city", 0)) or None
        shown = [*self._earlier, *(c for sent in self._sent for c in sent.connections)]
        found = [c for c in shown if c.at_ms >= since_ms and Filter(city=city).accepts(c, GAZETTEER)]
        ends = [GAZETTEER[end] for c in found for end in (c.from_city, c.to_city)]
        farthest = max(found, key=lambda c: (c.km, c.id), default=None)
        answer = {
            "since": since_ms // 1000,
            "city": city and frames.place_json(GAZETTEER[GAZETTEER.by_id(city)]),
            "meetings": len(found),
            "countries": sorted({end.country_code for end in ends if end.geoname_id != city}),
            "farthest": None if farthest is None else Raw(frames.connection_json(farthest, GAZETTEER)),
            "stream": str(self._name),
            "seq": self._seq,
        }
        return frames.encode(answer).decode()

    def _greet(self, socket: WebSocketRoute) -> None:
        query = dict(parse_qsl(urlsplit(socket.url).query))
        stream, _, seq = query.pop("since", "").partition(":")
        since = int(seq) if stream == str(self._name) else None
        try:
            wanted = Filter.parse(query.items(), GAZETTEER)
        except FilterError:
            return socket.close(code=4000)
        socket.on_close(lambda code, reason: self._viewers.pop(socket, None) and None)
        self._viewers[socket] = wanted
        self._hello(socket, wanted, since, gap=None if not stream else -1 if since is None else 0)
        if not wanted:
            self._tell_lead(socket)
        missed = [sent for sent in self._sent if since is not None and sent.seq > since]
        for sent in missed:
            self._tell(socket, sent)
        return None

    def _hello(self, socket: WebSocketRoute, wanted: Filter, since: int | None, gap: int | None) -> None:
        before = [] if since is not None else [c for sent in self._sent for c in _passing(sent, wanted)]
        message = frames.hello(
            stream=str(self._name), seq=self._seq if since is None else since, now_s=self.now_s, window_s=1.0,
            plays_by_source={"live": 0, "synthetic": self.plays + 2 * len(before), "replay": 0},
            recent=[frames.connection_json(c, GAZETTEER) for c in reversed(before[-frames.RECENT :])], gap=gap,
        )  # fmt: skip
        socket.send(message.decode())

    def _tell_lead(self, socket: WebSocketRoute) -> None:
        socket.send(frames.lead(self._lead, GAZETTEER).decode())

    def _tell(self, socket: WebSocketRoute, sent: Sent) -> None:
        wanted, now_ms = self._viewers[socket], round(1000 * sent.now_s)
        plays = sent.crowd.of if sent.crowd else 2 * len(sent.connections)
        counts = Counts(plays=plays, together=plays, connections=len(sent.connections), synthetic=plays)
        passing = _passing(sent, wanted)
        named = list(range(len(sent.crowd.cities))) if sent.crowd and not wanted else None
        chosen = Chosen([], [], [], len(passing), named)
        record = SliceRecord(now_ms, now_ms, counts, **(_crowd_rows(sent.crowd) if sent.crowd else {}))
        socket.send(frames.frame(sent.seq, record, chosen, passing, wanted, GAZETTEER).decode())


def _crowd_rows(song: CrowdSong) -> dict[str, Any]:
    cities = [(GAZETTEER.by_id(id), plays) for id, plays in song.cities.items()]
    track = _track(song.title, ARTIST)
    return {
        "crowd": np.array([(0, song.plays)], CROWD),
        "crowd_cities": np.array(cities, CROWD_CITY),
        "tracks": (frames.encode(track),),
    }


def _track(title: str, artist: str) -> dict[str, str | None]:
    id = track_id(artist, title)
    return {"id": id, "title": title, "artist": artist, "recording": None, "url": None, "artwork_url": None}


def connection(song: Song, at_ms: int, tail: int) -> Connection:
    """Return the connection of two listeners who started a song 40 ms apart."""
    title, cities, artist = song
    id, (one, other) = track_id(artist, title), map(GAZETTEER.by_id, cities)
    track = _track(title, artist)
    return Connection(
        connection_id(at_ms, tail), "synthetic", at_ms, 40, GAZETTEER.geodesic_km(one, other), frames.encode(track), id,
        artist_key(artist), id, one, other,
    )  # fmt: skip


def _passing(sent: Sent, wanted: Filter) -> list[Connection]:
    return [connection for connection in sent.connections if wanted.accepts(connection, GAZETTEER)]


def _steps(seconds: float) -> list[float]:
    """Split seconds into whole ones and the rest."""
    return [1.0] * int(seconds) + [seconds % 1] * (seconds % 1 > 0)
