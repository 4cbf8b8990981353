"""Shared moments of several servers, with a real NATS server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.brokers import Brokers, brokers
from tests.integration.bus_world import make_empty, store_on
from tests.unit.history_world import NOON_MS, connection, new_history, table
from webapp.core.records import Connection
from webapp.storage.history import History
from webapp.storage.momentexchange import MomentExchange
from webapp.storage.schema import HistoryError
from webapp.storage.sharedstore import SharedStore

pytestmark = pytest.mark.timeout(60)
OLD = connection(-2 * 86_400_000, track=1, start=2, end=3)
NEW = connection(99, track=2)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with brokers(tmp_path_factory.mktemp("nats")) as made:
        yield made


@pytest.fixture
def store(running: Brokers) -> Iterator[SharedStore]:
    make_empty(running)
    with store_on(running) as opened:
        yield opened


def server(folder: Path, store: SharedStore, *shown: Connection, most: int = 10) -> History:
    folder.mkdir(exist_ok=True)
    history = new_history(folder, days=1, shared_max=most, exchange=MomentExchange(store))
    history.record("s", 1, NOON_MS, shown, b"{}", b"[]")
    history.flush()
    return history


def test_what_one_server_shares_opens_on_others_that_pruned_it_or_never_had_it(
    tmp_path: Path, store: SharedStore
) -> None:
    one, other, fresh = (server(tmp_path / name, store, OLD) for name in ("one", "other", "fresh"))
    one.share(OLD)
    while other.prune(NOON_MS / 1000) or fresh.prune(NOON_MS / 1000):
        pass
    assert table(other, "SELECT count(*) FROM connections") == [(0,)]
    assert other.get(OLD.id) == OLD
    assert server(tmp_path / "never", store).get(OLD.id) == OLD
    assert other.get(NEW.id) is None
    assert table(other, "SELECT id FROM shared") == [(OLD.id,)]
    assert table(fresh, "SELECT id FROM shared") == []


def test_what_was_opened_once_is_kept_here_too(tmp_path: Path) -> None:
    with brokers(tmp_path) as running, ExitStack() as stack:
        make_empty(running)
        store = stack.enter_context(store_on(running))
        one, other = server(tmp_path / "one", store, NEW), server(tmp_path / "other", store)
        one.share(NEW)
        assert other.get(NEW.id) == NEW
        running[0].kill()
        assert other.get(NEW.id) == NEW
        with pytest.raises(HistoryError, match="other servers may have this moment"):
            other.get(OLD.id)
        one.record("s", 2, NOON_MS, [OLD], b"{}", b"[]")
        with pytest.raises(HistoryError, match="cannot be saved at the moment"):
            one.share(OLD)
        assert table(one, "SELECT id FROM shared") == [(NEW.id,)]


def test_a_server_keeps_the_newest_shared_ones_and_none_where_that_is_set(tmp_path: Path, store: SharedStore) -> None:
    shown = [connection(n) for n in range(4)]
    one, other = server(tmp_path / "one", store, *shown), server(tmp_path / "other", store, most=2)
    for each in shown:
        one.share(each)
        assert other.get(each.id) == each
    assert table(other, "SELECT id FROM shared ORDER BY number") == [(each.id,) for each in shown[2:]]
    none = server(tmp_path / "none", store, NEW, most=0)
    none.share(NEW)
    assert store.moment(NEW.id) is None


def test_a_moment_of_a_newer_version_is_told(tmp_path: Path, store: SharedStore) -> None:
    store.keep_moments([(NEW.id, b"\x09newer")])
    with pytest.raises(HistoryError, match="this moment cannot be read at the moment"):
        server(tmp_path / "one", store).get(NEW.id)
