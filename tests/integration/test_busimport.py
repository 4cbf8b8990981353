"""What a server that worked alone has, taken to a bus with a real NATS server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.brokers import Brokers, brokers
from tests.integration.bus_world import BusAccounts, make_empty, store_on
from tests.unit.accounts_world import NOON_S, OSAKA, SECRET, SqliteStore, press
from tests.unit.history_world import NOON_MS, connection, new_history
from webapp.busimport import Taken, import_folder
from webapp.config import Settings
from webapp.storage.accountsfile import FILE_NAME
from webapp.storage.datadir import DataDir, DataDirError, read_secret
from webapp.storage.leftovers import check_nothing_is_left
from webapp.storage.moderationfile import LIST_NAME
from webapp.storage.sharedlist import SharedList
from webapp.storage.sharedstore import SharedStoreError

pytestmark = pytest.mark.timeout(60)
SETTING = "a secret of all servers"
KEY = read_secret(Path(), SETTING)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with brokers(tmp_path_factory.mktemp("nats")) as made:
        yield made


@pytest.fixture
def bus(running: Brokers) -> Brokers:
    make_empty(running)
    return running


def taken(bus: Brokers, folder: Path) -> Taken:
    settings = Settings(data_dir=folder, bus=(bus.urls,), secret=SETTING, node=folder.name)
    return import_folder(settings, folder / LIST_NAME)


def listed(bus: Brokers) -> bytes:
    store = store_on(bus, KEY)
    found = SharedList(store, "test")
    with store:
        return found.read()


def test_all_tokens_come_with_their_use_and_in_their_order_and_again_changes_nothing(
    bus: Brokers, tmp_path: Path
) -> None:
    with closing(SqliteStore(tmp_path).open(KEY)) as alone:
        made = [alone.create(city=OSAKA).principal for _ in range(700)]
        alone.note_announced(made[7].id, press(1, NOON_S + 1))
        alone.revoke(made.pop(3).id)
        expected = alone.all()
    copy = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(DataDirError, match="has tokens, and with UNISON_BUS all servers use those on the bus"):
        check_nothing_is_left(tmp_path)
    assert taken(bus, tmp_path) == Taken(699, 0, 0)
    check_nothing_is_left(tmp_path)
    assert sorted(path.name for path in tmp_path.glob("acc*")) == [f"{FILE_NAME}.imported"]
    (tmp_path / FILE_NAME).write_bytes(copy)
    assert taken(bus, tmp_path) == Taken(0, 0, 0)
    with closing(BusAccounts(bus).open(KEY)) as accounts:
        kept = accounts.all()
    assert [each.principal for each in kept] == [each.principal for each in expected]
    assert kept[6].activity.presses == 1


def test_lists_of_several_servers_are_put_together(bus: Brokers, tmp_path: Path) -> None:
    for name, text in (("one", "# ours\nword: a\nword: b"), ("two", "word: b\r\nword: c\n\n"), ("none", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / LIST_NAME).write_bytes(text.encode())
    with pytest.raises(DataDirError, match="has a moderation list"):
        check_nothing_is_left(tmp_path / "one")
    check_nothing_is_left(tmp_path / "none")
    assert [taken(bus, tmp_path / name).lines for name in ("one", "two", "none")] == [3, 1, 0]
    assert listed(bus) == b"# ours\nword: a\nword: b\nword: c\n"


def test_shared_moments_are_taken(bus: Brokers, tmp_path: Path) -> None:
    shared = [connection(n, track=n) for n in range(3)]
    history = new_history(tmp_path)
    history.record("s", 1, NOON_MS, shared, b"{}", b"[]")
    for each in shared[:2]:
        history.share(each)
    history.close()
    assert taken(bus, tmp_path) == Taken(0, 2, 0)
    with store_on(bus, KEY) as store:
        assert [store.moment(each.id) is not None for each in shared] == [True, True, False]


def test_tokens_of_another_secret_are_not_taken(bus: Brokers, tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path).open(SECRET)) as alone:
        alone.create()
    with pytest.raises(SharedStoreError, match="were made with another secret than that of the bus"):
        taken(bus, tmp_path)
    assert (tmp_path / FILE_NAME).exists()


def test_a_folder_that_a_server_uses_is_left_alone(bus: Brokers, tmp_path: Path) -> None:
    with DataDir(tmp_path), pytest.raises(DataDirError, match="is in use by another Unison server"):
        taken(bus, tmp_path)
