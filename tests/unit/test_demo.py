"""What a demonstration gives to its server, and to what sends its invented plays."""

from __future__ import annotations

from pathlib import Path

import pytest

from webapp.config import Settings
from webapp.demo import demo_data_dir, seed_environment, server_environment
from webapp.storage.datadir import token_file, write_token

HERE, ELSEWHERE = "http://127.0.0.1:8000", "http://192.0.2.7:8000"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    write_token(tmp_path)
    return tmp_path


def token(settings: Settings, url: str = HERE, **environ: str) -> str:
    return seed_environment(settings, url, environ)["UNISON_TOKEN"]


def test_on_this_machine_the_sender_finds_the_token_of_the_data_folder_by_itself(data_dir: Path) -> None:
    assert token(Settings(data_dir=data_dir)) == ""


def test_on_another_address_of_this_machine_it_is_given_that_token(data_dir: Path) -> None:
    assert token(Settings(data_dir=data_dir), ELSEWHERE) == token_file(data_dir).read_text().strip()


def test_tokens_that_are_set_come_first(data_dir: Path) -> None:
    file = data_dir / "tokens"
    file.write_text("of-a-file\nother\n")
    assert token(Settings(data_dir=data_dir, tokens_file=file)) == "of-a-file"
    assert token(Settings(data_dir=data_dir, tokens_file=file, tokens=("set", "too"))) == "set"
    assert token(Settings(data_dir=data_dir, tokens=("set",)), UNISON_TOKEN="given") == "given"


def test_the_demo_has_a_folder_of_its_own_where_one_is_named_for_a_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNISON_DATA_DIR", str(tmp_path))
    assert demo_data_dir() == tmp_path / "demo"
    monkeypatch.delenv("UNISON_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert demo_data_dir() == tmp_path / "unison-demo"


def test_a_demo_can_press_play_and_its_presses_are_simulated_unless_the_environment_says_otherwise() -> None:
    assert server_environment({"UNISON_TOKEN": "of the sender", "LANG": "C"}) == {
        "LANG": "C", "UNISON_DEMO": "1", "UNISON_VISITOR_PLAYS": "1",
    }  # fmt: skip
    given = {"UNISON_DEMO": "0", "UNISON_VISITOR_PLAYS": ""}
    assert server_environment(given) == {"UNISON_DEMO": "0", "UNISON_VISITOR_PLAYS": "1"}
