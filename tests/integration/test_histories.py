"""Histories of several servers: each is a function of the records, and all servers answer alike."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from http.client import HTTPException
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from nats.aio.client import Client

from tests.brokers import Brokers, brokers
from tests.historydump import Dump, are_summed, dump, newest
from tests.integration.children import children_of
from tests.serving import Server, ask, clean_environment, console_script, get_json, post_plays, stream
from tests.unit.making import CITIES, T0, busy_records
from tests.waiting import until
from webapp.bus.natsclient import closed, connected
from webapp.bus.natsstreams import RECORDS, log_of
from webapp.core import frames
from webapp.core.filters import Filter
from webapp.core.recordlog import RecordMessage, city_ids
from webapp.core.records import SliceRecord
from webapp.core.selection import LATELY_MS, Selection
from webapp.engine.busnode import MATCHING
from webapp.engine.lastminute import TENS
from webapp.gazetteerdata import load_gazetteer
from webapp.storage.history import FILE_NAME

pytestmark = pytest.mark.timeout(180)
GAZETTEER = load_gazetteer()
SETTINGS = {"UNISON_SECRET": "a secret of several servers", "UNISON_OPEN_INGEST": "1"}
MINUTES = 3
FILTERS = [
    {},
    {"country": "FR"},
    {"city": str(CITIES[4])},
    {"artist": "Marisol Vey"},
    {"artist": "Marisol Vey", "country": "BR"},
]


def init(running: Brokers) -> None:
    env = clean_environment(UNISON_BUS=running.urls, **SETTINGS)
    subprocess.run([console_script(), "bus", "init"], env=env, check=True, timeout=30)


def on_bus(running: Brokers, act: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        client = await connected(running.access, "test")
        try:
            return await act(client)
        finally:
            await closed(client)

    return asyncio.run(run())


def append(running: Brokers, records: Sequence[bytes]) -> None:
    """Append records to the log, as matchers do."""

    async def act(client: Client) -> None:
        log = log_of(client, RECORDS)
        for data in records:
            record = SliceRecord.decode(data)
            await log.append(RecordMessage("1", (), b"", data, city_ids(record, GAZETTEER)).encode())

    on_bus(running, act)


def web(running: Brokers, folder: Path, **env: str) -> Server:
    """Start a server that only shows what is in the log of records."""
    settings = SETTINGS | {"UNISON_BUS": running.urls, "UNISON_NODE": folder.name} | env
    return Server(folder, settings, options=["--roles", "web"])


def history_of(server: Server) -> Path:
    return server.data_dir / FILE_NAME


def settled(server: Server, last: int) -> Dump:
    """Return a server's history once it has a record, and sums up to it."""

    def found() -> Dump | None:
        held = dump(history_of(server))
        return held if newest(held) == last and are_summed(held) else None

    held = until(found, said=lambda: ask(server, "/readyz").text)
    assert held
    return held


def backup(server: Server, file: Path) -> None:
    command = [console_script(), "backup", "--data-dir", str(server.data_dir), str(file)]
    subprocess.run(command, env=clean_environment(), check=True, timeout=30)


def restore(file: Path, folder: Path) -> None:
    command = [console_script(), "restore", "--data-dir", str(folder), str(file)]
    subprocess.run(command, env=clean_environment(), check=True, timeout=30)


# Of a log that does not grow.

now_ms = round(time.time() * 1000) // 60_000 * 60_000
RECORDED = busy_records(7, 60 * MINUTES, begins_ms=now_ms - 60_000 * MINUTES - T0)
LAST = len(RECORDED)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    """A bus with the records of some minutes."""
    with brokers(tmp_path_factory.mktemp("broker")) as running:
        init(running)
        append(running, RECORDED)
        yield running


@pytest.fixture(scope="module")
def pair(written: Brokers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two servers that began with nothing; the first was killed when it had some or all of the log, and went on."""
    folder = tmp_path_factory.mktemp("pair")
    servers = [web(written, folder / "one")]
    try:
        until(lambda: newest(dump(history_of(servers[0]))) > 0)
        servers[0].kill()
        servers[0].start(0)
        servers.append(web(written, folder / "other"))
        yield servers[0], servers[1]
    finally:
        for server in servers:
            server.kill()
            print(server.log)


def test_servers_that_begin_with_nothing_come_to_the_same_history_also_if_one_is_killed(
    pair: tuple[Server, Server],
) -> None:
    one, other = pair
    assert settled(one, LAST) == settled(other, LAST)
    assert len(dump(history_of(one))["records"]) == LAST


def test_a_history_that_is_deleted_while_it_is_used_is_written_again_from_the_log(pair: tuple[Server, Server]) -> None:
    one, other = pair
    before = settled(one, LAST)
    history_of(other).unlink()
    until(lambda: newest(dump(history_of(other))) < LAST)
    assert settled(other, LAST) == before


def answers(server: Server, query: dict[str, str]) -> list[Any]:
    """Return all that a server answers under a filter."""
    text = urlencode(query)
    began_s = now_ms // 1000 - 90
    past = [get_json(server, f"/api/past?from={began_s + 30 * n}&seconds=30&{text}") for n in range(3)]
    for each in past:
        del each["now"]
    lists = [get_json(server, f"/api/connections?limit=200&{text}"), get_json(server, f"/api/connections?{text}")]
    with stream(server, 10, **query) as viewer:
        recent = viewer.hello["recent"]
    return [past, lists, recent]


def chosen(query: dict[str, str]) -> list[str]:
    """Return the ids of what everyone was shown, and of what a filter shows of the last minute, the newest first."""
    wanted = Filter.parse(query.items(), GAZETTEER)
    everyone, filtered = Selection(Filter(), 4, GAZETTEER), Selection(wanted, 4, GAZETTEER)
    since_ms = (now_ms // LATELY_MS - 1 - TENS) * LATELY_MS
    ids = set[str]()
    for record in map(SliceRecord.decode, RECORDED):
        shown = frames.shown(record, everyone.choose(record).pairs, GAZETTEER)
        ids |= {each.id for each in shown if wanted.accepts(each, GAZETTEER)}
        more = frames.shown(record, filtered.choose(record).pairs, GAZETTEER)
        ids |= {each.id for each in more if record.start_ms >= since_ms}
    return sorted(ids, reverse=True)


@pytest.mark.parametrize("query", FILTERS, ids=str)
def test_all_servers_answer_alike_under_a_filter_that_is_watched_at_one_of_them(
    pair: tuple[Server, Server], query: dict[str, str]
) -> None:
    one, other = pair
    for server in pair:
        settled(server, LAST)
    with stream(one, 10, **query):
        mine, theirs = answers(one, query), answers(other, query)
    assert mine == theirs
    past, lists, recent = mine
    assert [each["id"] for each in lists[0]["connections"]] == chosen(query)[:200]
    assert recent == lists[1]["connections"]
    told = [each["id"] for span in past for frame in span["frames"] for each in frame["connections"]]
    began = chosen(query).index(min(told))
    assert sorted(told, reverse=True) == chosen(query)[: began + 1]
    assert all(one["seq"] + 1 == two["seq"] for span in past for one, two in pairwise(span["frames"]))


def unseen(server: Server) -> str:
    """Return the id of a connection of the first minute that nobody was shown."""
    recorded = {row[0] for row in dump(history_of(server))["connections"]}
    for record in map(SliceRecord.decode, RECORDED[100:]):
        for each in frames.shown(record, range(len(record.pairs)), GAZETTEER):
            if each.id not in recorded:
                return each.id
    raise AssertionError("everyone was shown all")


def test_what_only_a_filter_showed_has_its_page_at_every_server_as_long_as_the_log_has_it(
    pair: tuple[Server, Server], written: Brokers
) -> None:
    one, other = pair
    settled(one, LAST)
    settled(other, LAST)
    id = unseen(one)
    assert [ask(server, f"/c/{id}").status for server in pair] == [200, 200]
    assert ask(other, f"/c/{id}/card.png").status == 200
    address = urlencode({"url": f"{other.url}/c/{id}"})
    assert "by" in ask(other, f"/oembed?{address}").json["title"]
    assert ask(one, f"/c/{id[:-4]}0000").status == 404
    shared = ask(one, f"/c/{id}/share", "POST", Origin=one.url, Sec_Fetch_Site="same-origin")
    assert shared.status == 204, shared.text
    newest_one = frames.shown(SliceRecord.decode(RECORDED[-40]), [0], GAZETTEER)[0].id
    other.restart()
    settled(other, LAST)
    written[0].kill()
    try:
        assert ask(one, f"/c/{id}").status == 200, "it is shared"
        assert ask(other, f"/c/{newest_one}").status == 200, "it is in memory"
        assert ask(other, f"/c/{id}").status == 503
    finally:
        written[0].start()
        written.wait()
    until(lambda: ask(other, f"/c/{id}").status == 200)


def test_a_server_whose_records_are_gone_says_what_to_do_and_goes_on_from_anothers_backup(tmp_path: Path) -> None:
    with brokers(tmp_path) as running:
        init(running)
        append(running, RECORDED[:200])
        old, current = web(running, tmp_path / "old"), web(running, tmp_path / "current")
        try:
            settled(old, 200)
            old.kill()
            append(running, RECORDED[200:500])
            expected = settled(current, 500)
            backup(current, tmp_path / "backup")
            on_bus(running, lambda client: log_of(client, RECORDS).purge(300))
            refused = subprocess.run(
                old.command(0), env=clean_environment(**old._env), capture_output=True, text=True, timeout=60
            )
            sentence = "ends with record 200, and those of the bus begin with 301, too late to go on"
            assert (refused.returncode != 0, sentence in refused.stderr) == (True, True), refused.stderr
            assert "`unison restore`" in refused.stderr
            restore(tmp_path / "backup", old.data_dir)
            append(running, RECORDED[500:520])
            old.start(0)
            assert settled(old, 520) == settled(current, 520) != expected
        finally:
            old.kill()
            current.kill()
            print(old.log, current.log)


# Of one that grows.


def send(servers: list[Server], is_over: threading.Event) -> None:
    """Send plays to servers that come and go."""
    chance, number = random.Random(5), 0
    while not is_over.wait(0.05):
        number += 1
        song = {"title": f"Song {chance.randrange(3)}", "artist": "Marisol Vey"}
        plays = [
            {"track": song, "listener": f"{number} {n}", "place": {"geoname_id": chance.choice(CITIES)}}
            for n in range(4)
        ]
        try:
            post_plays(chance.choice(servers), plays)
        except (OSError, HTTPException, ValueError):
            continue  # it has no address while it starts


def test_servers_that_match_come_to_the_same_history_whatever_happens_to_them(tmp_path: Path) -> None:
    """One starts later, one is killed, one has a filter watched, and a backup of one is restored as another."""
    with brokers(tmp_path) as running:
        init(running)

        def start(name: str) -> Server:
            return Server(tmp_path / name, SETTINGS | {"UNISON_BUS": running.urls, "UNISON_NODE": name})

        servers, is_over = [start("one"), start("two")], threading.Event()
        sender = threading.Thread(target=send, args=(servers, is_over))
        sender.start()
        try:
            with stream(servers[0], 60, country="FR") as viewer:
                viewer.connections(1)
            servers[1].kill()
            servers[1].start(0)
            backup(servers[0], tmp_path / "backup")
            servers.append(start("three"))
            restore(tmp_path / "backup", tmp_path / "four")
            servers.append(start("four"))
            with stream(servers[0], 60, country="FR") as viewer:
                viewer.connections(5)
            is_over.set()
            sender.join()
            for server in servers:
                for pid in children_of(server, MATCHING):
                    os.kill(pid, signal.SIGSTOP)
            paths = [history_of(server) for server in servers]
            until(lambda: len({str(dump(path)) for path in paths}) == 1, 20)
            assert len(dump(paths[0])["connections"]) > 20
            for query in FILTERS:
                assert len({str(answers(server, query)) for server in servers}) == 1
        finally:
            is_over.set()
            sender.join()
            for server in servers:
                server.kill()
                print(server.log)
