import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from webapp.seed.cli import main


def seed(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"UNISON_TOKEN": None, **env})


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--url", "localhost:8000"],
            "'localhost:8000' is not a server's address, such as http://127.0.0.1:8000",
        ),
        (["--url", "ftp://example.org"], "is not a server's address"),
        (["--url", "http://"], "is not a server's address"),
        (["--url", "http://h:99999"], "is not a server's address"),
        (["--url", "http://h:0"], "is not a server's address"),
        (["--url", "http://[::1"], "is not a server's address"),
        (["--url", "http://münchen.de"], "is not a server's address"),
        (["--url", "http://h/?x=1"], "is not a server's address"),
        (["--rate", "0"], "0 is not above 0"),
        (["--rate", "-3"], "-3 is not above 0"),
        (["--rate", "nan"], "nan is not above 0"),
        (["--rate", "inf"], "inf is not above 0"),
        (["--seconds", "0"], "0 is not above 0"),
        (["--seconds", "soon"], "'soon' is not a valid float"),
        (["--seed", "-1"], "-1 is not in the range"),
        (["--scenario", "apocalypse"], "'apocalypse' is not one of"),
        (["--start", "yesterday"], "'yesterday' is not a time, such as 2026-09-18T17:00"),
        (["--speed", "2"], "--speed needs --replay"),
        (["--out", "-"], "--out needs --seconds"),
        (["--out", "-", "--seconds", "1", "--url", "http://h"], "--out and --url contradict each other"),
        (["--out", "/no/such/folder/x", "--seconds", "1"], "/no/such/folder/x"),
        (["--replay", "/no/such/file"], "'/no/such/file' does not exist"),
        (["--replay", "/"], "is a directory"),
        (["--replay", __file__, "--rate", "4"], "--replay and --rate contradict each other"),
        (["--replay", __file__, "--scenario", "burst"], "--replay and --scenario contradict each other"),
        (["--replay", __file__, "--out", "-"], "--replay and --out contradict each other"),
    ],
)
def test_a_mistake_is_one_clear_sentence_and_exit_code_2(arguments: list[str], sentence: str) -> None:
    result = seed(*arguments)
    assert sentence in result.stderr
    assert result.exit_code == 2
    assert len([line for line in result.stderr.splitlines() if line.startswith("Error: ")]) == 1


@pytest.mark.parametrize("token", ["sécret-token", "secret\ntoken", "secret token"])
def test_a_token_that_no_header_can_carry_is_refused_without_showing_it(token: str) -> None:
    for result in (seed("--token", token), seed(UNISON_TOKEN=token)):
        assert result.exit_code == 2
        assert "the token has characters that a header cannot carry" in result.stderr
        assert "cret" not in result.output


def test_a_password_in_the_address_is_refused_without_showing_it() -> None:
    result = seed("--url", "http://me:hunter2@example.org")
    assert result.exit_code == 2
    assert "hunter2" not in result.output


def test_help_names_every_scenario_and_shows_no_token() -> None:
    result = seed("--help", UNISON_TOKEN="hunter2")
    assert result.exit_code == 0
    for name in ("everyday", "release-night", "edge-cases", "burst", "world"):
        assert name in result.output
    assert "hunter2" not in result.output


@pytest.mark.parametrize("scenario", ["everyday", "release-night", "edge-cases", "burst"])
def test_the_same_seed_writes_the_same_bytes(scenario: str, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one", "two")]
    for file in files:
        assert seed("--scenario", scenario, "--seconds", "2", "--seed", "11", "--out", str(file)).exit_code == 0
    assert files[0].read_bytes() == files[1].read_bytes() != b""


def test_another_seed_writes_other_plays() -> None:
    one, two = (seed("--seconds", "2", "--seed", number, "--out", "-").stdout for number in ("1", "2"))
    assert not set(one.splitlines()) & set(two.splitlines())


def test_what_is_written_is_a_play_a_line_and_nothing_else() -> None:
    result = seed("--rate", "40", "--seconds", "2.5", "--start", "2026-01-02T03:00", "--out", "-")
    plays = [json.loads(line) for line in result.stdout.splitlines()]
    assert 85 <= len(plays) <= 115
    assert all(list(play) == ["track", "place", "listener", "pressed_at"] for play in plays)
    assert all(1767322800 <= play["pressed_at"] < 1767322802.5 for play in plays)
    assert "100 plays written" in result.stderr or "plays written" in result.stderr


def test_a_file_without_a_play_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"\nnonsense\n")
    result = seed("--replay", str(tmp_path / "empty"))
    assert result.exit_code == 1
    assert "line 2 skipped: not a JSON object" in result.stderr
    assert "has no valid play" in result.stderr
