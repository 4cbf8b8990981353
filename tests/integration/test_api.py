import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.serving import Answer, Server, ask, post_plays, stream
from tests.unit.history_world import CITIES, GAZETTEER, connection, existing_data_dir, ids
from tests.waiting import until
from webapp.core.records import Connection
from webapp.storage.history import FILE_NAME

CONNECTIONS = 250
OSAKA, RECIFE = 1853909, 3390760


def listed(server: Server, **query: Any) -> Answer:
    """Ask for the latest connections."""
    return ask(server, "/api/connections?" + urlencode(query))


@pytest.fixture(scope="module")
def kept() -> list[Connection]:
    """What the server's history holds, newest first."""
    made = [connection(n // 3, n, track=n % 4, start=n % 5, end=(n % 5 + 1 + n % 3) % 5) for n in range(CONNECTIONS)]
    return sorted(made, key=lambda c: c.id, reverse=True)


@pytest.fixture(scope="module")
def server(kept: list[Connection], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that was started on a history that another one left."""
    folder = tmp_path_factory.mktemp("api") / "data"
    server = Server(existing_data_dir(folder, kept), {"UNISON_HISTORY_DAYS": "100000"})
    yield server
    server.kill()


def test_the_newest_twenty_come_first_and_look_as_on_the_stream(server: Server, kept: list[Connection]) -> None:
    answer = ask(server, "/api/connections")
    assert (answer.status, answer.kind) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    found = answer.json["connections"]
    assert [each["id"] for each in found] == ids(kept[:20])
    assert answer.json["next"] == kept[19].id
    newest, start, end = kept[0], GAZETTEER[kept[0].from_city], GAZETTEER[kept[0].to_city]
    assert list(found[0].items()) == [
        ("id", newest.id), ("source", "synthetic"), ("at", newest.at_ms / 1000), ("apart_ms", 40), ("km", 16897),
        ("track", json.loads(newest.track)),
        *((way, {"geoname_id": city.geoname_id, "city": city.name, "country": city.country,
                 "country_code": city.country_code, "lon": city.lon, "lat": city.lat, "region": city.region,
                 "tz": city.timezone, "label": city.label})
          for way, city in (("from", start), ("to", end))),
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [7, 50, 125, 200])
def test_the_pages_hold_everything_once_and_the_last_says_so(
    server: Server, kept: list[Connection], limit: int
) -> None:
    found: list[str] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = listed(server, **query).json
        found += [each["id"] for each in page["connections"]]
        if page["next"] is None:
            break
        assert (len(page["connections"]), page["next"]) == (limit, found[-1])
        query["before"] = page["next"]
    assert found == ids(kept)


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ({"artist": " BJÖRK "}, lambda c: c.artist == "bjork"),
        ({"track": connection(track=1).track_id}, lambda c: c.track_id == connection(track=1).track_id),
        ({"country": "jp"}, lambda c: {"JP"} & _countries(c)),
        ({"city": RECIFE}, lambda c: CITIES[1] in (c.from_city, c.to_city)),
        ({"artist": "Björk", "country": "FR", "city": OSAKA},
         lambda c: c.artist == "bjork" and {"FR"} & _countries(c) and CITIES[0] in (c.from_city, c.to_city)),
        ({"country": "IS"}, lambda _: False),
    ],
)  # fmt: skip
def test_filters_leave_what_passes_all_of_them(
    server: Server, kept: list[Connection], query: dict[str, Any], passes: Callable[[Connection], bool]
) -> None:
    page = listed(server, limit=200, **query).json
    assert [each["id"] for each in page["connections"]] == [c.id for c in kept if passes(c)]


def _countries(found: Connection) -> set[str]:
    return {GAZETTEER[found.from_city].country_code, GAZETTEER[found.to_city].country_code}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=0", "limit='0': expected a whole number from 1 to 200"),
        ("limit=201", "limit='201': expected a whole number from 1 to 200"),
        ("limit=many", "limit='many': expected a whole number from 1 to 200"),
        ("limit=-1", "limit='-1': expected"),
        ("limit=1e2", "limit='1e2': expected"),
        ("limit=%D9%A1", "limit='١': expected"),
        ("limit=", "limit='': expected"),
        ("limit=5&limit=6", "limit is given 2 times; give it once"),
        ("before=x", "before='x': expected the id of a connection, 23 characters of 0-9 and a-v"),
        ("before=" + "w" * 23, "expected the id of a connection"),
        ("before=" + "0" * 23 + "%0A", "expected the id of a connection"),
        ("before=%00", "expected the id of a connection"),
        ("country=Atlantis", "country='Atlantis': expected an ISO 3166 code"),
        ("country=zz", "country='zz': there is no such country; expected an ISO 3166 code such as 'BR'"),
        ("city=1", "city='1': expected the GeoNames id"),
        (f"city={OSAKA}&city={OSAKA}", "city is given twice"),
        ("track=../etc", "track='../etc': expected a track id"),
        ("artist=", "artist='': expected a name"),
        ("artist=" + "a" * 301, "expected a name of 1 to 300 characters"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_would_be_right(server: Server, query: str, said: str) -> None:
    answer = ask(server, "/api/connections?" + query)
    assert (answer.status, answer.kind) == (400, "application/json")
    assert said in answer.error


@pytest.mark.parametrize("path", ["/api/connections", "/api/connections?limit=0", "/api/stats", "/api/none"])
def test_a_page_of_another_origin_may_read_answers_and_errors(server: Server, path: str) -> None:
    assert ask(server, path).headers["Access-Control-Allow-Origin"] == "*"


def test_a_hostile_value_is_cut_and_stays_text(server: Server) -> None:
    answer = listed(server, limit="<script>" * 100)
    assert (answer.status, answer.kind) == (400, "application/json")
    assert len(answer.body) < 200


def test_a_parameter_that_nobody_knows_is_named_for_it_may_be_a_misspelt_filter(server: Server) -> None:
    answer = listed(server, artst="Marisol Vey", limit=1)
    assert answer.status == 400
    assert answer.error.startswith("'artst' is not a parameter; expected one of artist, track,")


@pytest.mark.parametrize("path", ["/api/connections", "/api/stats", "/healthz", "/readyz", "/metrics"])
def test_head_answers_as_get_without_the_body(server: Server, path: str) -> None:
    answer = ask(server, path, method="HEAD")
    behind = path == "/readyz" and answer.status == 503  # as a busy machine may be
    assert (answer.status == 200 or behind, answer.body) == (True, b"")
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_no_get_is_refused_as_json(server: Server) -> None:
    answer = ask(server, "/api/connections", method="DELETE")
    assert (answer.status, answer.kind) == (405, "application/json")


def test_a_healthy_server_says_so(server: Server) -> None:
    assert ask(server, "/healthz").json == {"status": "ok"}
    until(lambda: ask(server, "/readyz").json == {"status": "ok", "problems": [], "warnings": []})


def test_a_found_connection_is_kept_at_once_counted_and_measured(serve: Callable[..., Server]) -> None:
    server = serve()
    track, now = {"title": "喝采", "artist": "ちあきなおみ"}, time.time()
    plays = [{"track": track, "listener": name, "place": {"geoname_id": city}, "pressed_at": now, "source": "synthetic"}
             for name, city in (("a", OSAKA), ("b", RECIFE))]  # fmt: skip
    with stream(server) as viewer:
        assert post_plays(server, plays)["accepted"] == 2
        shown = viewer.connections(1)[0]
    assert listed(server, artist="ちあきなおみ", city=RECIFE).json == {"connections": [shown], "next": None}
    stats = ask(server, "/api/stats").json
    assert stats["total"]["plays"] == 2
    assert stats["total"]["connections"] == 1
    text = ask(server, "/metrics").text
    found = {(sample.name, sample.labels.get("source")): sample.value
             for family in text_string_to_metric_families(text) for sample in family.samples}  # fmt: skip
    assert found["unison_plays_accepted_total", "synthetic"] == 2
    assert found["unison_plays_matched_total", "synthetic"] == 2
    assert found["unison_connections_found_total", None] == 1
    assert found["unison_slices_closed_total", None] > 0
    assert found["unison_history_problem", None] == 0
    assert {"unison_viewers", "unison_lag_seconds"} <= {name for name, _ in found}


def test_a_locked_history_is_degraded_until_it_is_free_and_costs_no_connection(
    serve: Callable[..., Server],
) -> None:
    server = serve(UNISON_LOG_JSON="1")
    with closing(sqlite3.connect(server.data_dir / FILE_NAME, isolation_level=None)) as other, stream(server) as viewer:
        other.execute("BEGIN EXCLUSIVE")
        until(lambda: "the history" in ask(server, "/readyz").text)
        until(lambda: ask(server, "/readyz").json["status"] == "degraded")
        answer = ask(server, "/readyz")
        assert answer.status == 200
        assert re.fullmatch(
            r"the history cannot be (written|pruned|counted): database is locked", answer.json["warnings"][0]
        )
        assert "unison_history_problem 1.0" in ask(server, "/metrics").text
        assert ask(server, "/healthz").status == 200
        now = time.time()
        post_plays(server, [{"track": {"title": "x", "artist": "y"}, "listener": name, "place": {"geoname_id": city},
                             "pressed_at": now} for name, city in (("a", OSAKA), ("b", RECIFE))])  # fmt: skip
        shown = viewer.connections(1)
        assert ask(server, "/api/connections").json["connections"] == shown
        server.until_logged('"degraded"')
        other.execute("ROLLBACK")
        until(lambda: ask(server, "/readyz").json["status"] == "ok")
    server.until_logged("ready again")  # what was logged before is logged again once it is over
    logged = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    assert {"degraded", "ready"} <= {line.get("event") for line in logged}
    server.restart()
    assert ask(server, "/api/connections").json["connections"] == shown


def test_requests_are_counted_by_route_and_status(server: Server) -> None:
    ask(server, "/api/connections?limit=0")
    ask(server, "/c/nothing")
    ask(server, "/no/such/place")
    ask(server, "/stream")
    families = text_string_to_metric_families(ask(server, "/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    counted = {tuple(s.labels.values()): s.value for s in samples if s.name == "unison_http_requests_total"}
    for route, status in (("/api/connections", "400"), ("/c/<id>", "404"), ("none", "404"), ("/stream", "426")):
        assert counted[route, status] >= 1, (route, counted)
    timed = {s.labels["route"] for s in samples if s.name == "unison_http_request_seconds_count"}
    assert {"/api/connections", "none"} <= timed
