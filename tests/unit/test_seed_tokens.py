from __future__ import annotations

import os
from pathlib import Path

import pytest

from webapp.seed.tokens import token_for
from webapp.storage.datadir import token_file, write_token


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    write_token(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "https://[::1]/globe", "http://localhost", "http://127.9.9.9"]
)
def test_the_token_of_the_data_folder_goes_to_this_machine(data_dir: Path, url: str) -> None:
    kept = token_for(url, data_dir)
    assert kept
    assert kept.value == token_file(data_dir).read_text().strip()


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.7:8000",
        "https://unison.example",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://a.localhost",
        "http://2130706433",
        "http://0.0.0.0",
    ],
)
def test_it_goes_nowhere_else(data_dir: Path, url: str) -> None:
    assert token_for(url, data_dir) is None


def test_a_folder_without_a_token_gives_none_until_there_is_one(tmp_path: Path) -> None:
    kept = token_for("http://127.0.0.1:8000", tmp_path)
    assert kept
    assert kept.value is None
    assert not kept.reload()
    write_token(tmp_path)
    assert kept.reload()
    assert kept.value


def test_a_refused_token_is_worth_another_try_while_it_is_new_or_another_one(data_dir: Path) -> None:
    kept = token_for("http://127.0.0.1:8000", data_dir)
    assert kept
    assert kept.reload(), "the server may not have read it yet"
    os.utime(token_file(data_dir), (1, 1))
    assert not kept.reload()
    before = kept.value
    write_token(data_dir)
    os.utime(token_file(data_dir), (1, 1))
    assert kept.reload()
    assert kept.value != before
