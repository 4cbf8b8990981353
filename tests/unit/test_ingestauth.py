from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from webapp.cli import main
from webapp.config import Settings
from webapp.storage.datadir import DataDir, token_file
from webapp.storage.secretfiles import SecretFileError
from webapp.web.ingestauth import IngestAuth

HERE = Settings()
UNOPENED = DataDir(HERE.data_dir)
EVERYWHERE = Settings(host="0.0.0.0")
TOKENS = Settings(tokens=("first-token", "zweites-tökchen"), open_ingest=True)


def request(peer: str = "127.0.0.1", host: str = "127.0.0.1:8000", **headers: str) -> Request:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    builder = EnvironBuilder("/api/plays", headers=list(names.items()), environ_base={"REMOTE_ADDR": peer})
    return Request(builder.get_environ() | {"HTTP_HOST": host})


def demo(settings: Settings = HERE) -> IngestAuth:
    """Who may send to a demonstration."""
    return IngestAuth(settings, UNOPENED, open_on_loopback=True)


def made(data_dir: Path, settings: Settings = HERE) -> tuple[IngestAuth, str]:
    """Return who may send to a server with a data folder of its own, and the token in it."""
    with DataDir(data_dir) as folder:
        found = IngestAuth(settings, folder).open()
    return found, token_file(data_dir).read_text().strip()


def refusal(found: IngestAuth, sent: Request) -> str:
    """Return the sentence of a 401."""
    with pytest.raises(Unauthorized) as caught:
        found.check(sent)
    assert "Bearer" in dict(caught.value.get_headers())["WWW-Authenticate"]
    return str(caught.value.description)


def test_the_token_that_the_server_made_is_kept_for_its_owner_alone_and_opens(tmp_path: Path) -> None:
    found, token = made(tmp_path)
    assert stat.S_IMODE(token_file(tmp_path).stat().st_mode) == 0o600
    assert len(token) >= 32
    found.check(request("203.0.113.9", "unison.example", X_Forwarded_For="a", Authorization=f"Bearer {token}"))
    assert made(tmp_path)[1] == token, "the next start keeps it"


def test_a_token_that_others_could_read_is_closed_to_them_at_the_next_start(tmp_path: Path) -> None:
    made(tmp_path)
    token_file(tmp_path).chmod(0o644)
    made(tmp_path)
    assert stat.S_IMODE(token_file(tmp_path).stat().st_mode) == 0o600


@pytest.mark.parametrize("headers", [{}, {"X_Forwarded_For": "203.0.113.9"}, {"host": "localhost"}])
def test_without_the_token_nobody_may_send_not_even_from_this_machine(tmp_path: Path, headers: dict[str, Any]) -> None:
    found, token = made(tmp_path)
    sentence = refusal(found, request(**headers))
    assert "Authorization: Bearer <token>; `unison token` prints it" in sentence
    assert token not in sentence
    assert str(tmp_path) not in sentence
    assert "this token may not" in refusal(found, request(Authorization="Bearer another", **headers))


def test_the_token_that_the_server_made_is_void_once_others_are_set(tmp_path: Path) -> None:
    token = made(tmp_path)[1]
    (tmp_path / "tokens").write_text("of-a-file\n")
    for settings in (TOKENS, Settings(tokens_file=tmp_path / "tokens")):
        assert "this token may not" in refusal(made(tmp_path, settings)[0], request(Authorization=f"Bearer {token}"))


def test_the_tokens_of_a_file_open_beside_those_that_are_set(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("one\n two,three \n")
    with DataDir(tmp_path / "data") as folder:
        found = IngestAuth(Settings(tokens=("four",), tokens_file=file), folder).open()
        assert not token_file(tmp_path / "data").exists()
    for token in ("one", "two", "three", "four"):
        found.check(request(Authorization=f"Bearer {token}"))
    file.write_text("five\r\n", encoding="utf-8-sig")
    found.reload()
    found.check(request(Authorization="Bearer five"))
    assert "may not" in refusal(found, request(Authorization="Bearer one"))


def test_a_file_of_tokens_that_cannot_be_read_changes_nothing_and_an_empty_one_takes_all_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "tokens"
    file.write_text("one")
    with DataDir(tmp_path / "data") as folder:
        found = IngestAuth(Settings(tokens_file=file), folder).open()
    file.unlink()
    for _ in range(3):
        found.reload()
    found.check(request(Authorization="Bearer one"))
    file.write_bytes(b"\xff")
    found.reload()
    found.check(request(Authorization="Bearer one"))
    file.write_text("\n")
    found.reload()
    assert "may not" in refusal(found, request(Authorization="Bearer one"))
    assert "may not" in refusal(found, request(Authorization="Bearer "))
    told = [record.getMessage().removeprefix(f"UNISON_TOKENS_FILE: {file} ") for record in caplog.records]
    still = "; the secrets read before remain valid"
    assert told == [
        f"cannot be read (No such file or directory){still}",
        f"cannot be read (it is not UTF-8 text){still}",
        "is empty",
    ]


@pytest.mark.parametrize(("content", "says"), [(None, "cannot be read (No such file"), ("  \n", "is empty")])
def test_a_server_does_not_start_without_the_file_of_tokens_that_is_set(
    tmp_path: Path, content: str | None, says: str
) -> None:
    file = tmp_path / "tokens"
    if content is not None:
        file.write_text(content)
    with DataDir(tmp_path / "data") as folder, pytest.raises(SecretFileError) as error:
        IngestAuth(Settings(tokens_file=file), folder).open()
    assert str(error.value).startswith(f"UNISON_TOKENS_FILE: {file} {says}")


def token_command(data_dir: Path, *arguments: str, **env: str) -> Any:
    return CliRunner().invoke(main, ["token", *arguments], env={"UNISON_DATA_DIR": str(data_dir), **env})


def test_the_command_prints_the_token_and_rotates_it(tmp_path: Path) -> None:
    found, token = made(tmp_path)
    shown = token_command(tmp_path)
    assert (shown.stdout, shown.stderr) == (f"{token}\n", f"stored in {tmp_path}/ingest-token\n")
    new = token_command(tmp_path, "rotate").stdout.strip()
    assert new != token
    assert stat.S_IMODE(token_file(tmp_path).stat().st_mode) == 0o600
    assert "does not accept this token" in token_command(tmp_path, UNISON_TOKENS="a").stderr
    found.reload()
    found.check(request(Authorization=f"Bearer {new}"))
    assert "may not" in refusal(found, request(Authorization=f"Bearer {token}"))


@pytest.mark.parametrize("action", [[], ["rotate"]])
def test_the_command_says_in_a_sentence_where_there_is_no_token(tmp_path: Path, action: list[str]) -> None:
    ended = token_command(tmp_path / "nowhere", *action)
    assert ended.exit_code == 1
    assert "token" in ended.stderr
    assert "No such file or directory" in ended.stderr


def test_open_ingest_takes_plays_from_anyone() -> None:
    sent = request("203.0.113.9", "unison.example", X_Forwarded_For="a", Origin="https://elsewhere.example")
    IngestAuth(Settings(host="0.0.0.0", open_ingest=True), UNOPENED).check(sent)


@pytest.mark.parametrize("given", ["Bearer first-token", "bearer  first-token ", "Bearer zweites-tökchen"])
def test_any_of_the_tokens_opens_from_anywhere(given: str) -> None:
    sent = given.encode().decode("latin-1")  # as a server hands the bytes of a header on
    IngestAuth(TOKENS, UNOPENED).check(request("203.0.113.9", X_Forwarded_For="a", Authorization=sent))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "sending plays requires a token"),
        ("", "sending plays requires a token"),
        ("first-token", "sending plays requires a token"),
        ("Basic first-token", "sending plays requires a token"),
        ("Bearer", "may not"),
        ("Bearer first-toke", "may not"),
        ("Bearer first-token2", "may not"),
        ("Bearer first-token,zweites-tökchen", "may not"),
        ("Bearer FIRST-TOKEN", "may not"),
    ],
)
def test_with_tokens_set_a_wrong_one_or_none_never_opens(given: str | None, says: str) -> None:
    headers = {} if given is None else {"Authorization": given.encode().decode("latin-1")}
    for found in (IngestAuth(TOKENS, UNOPENED), demo(TOKENS)):
        sentence = refusal(found, request(**headers))
        assert says in sentence
        assert "first-token" not in sentence


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_to_a_demonstration_this_machine_may_send_without_a_token(peer: str) -> None:
    demo().check(request(peer))
    demo().check(request(peer, Authorization="Bearer of another server"))


@pytest.mark.parametrize("peer", ["192.168.0.9", "::ffff:192.168.0.9", "2001:db8::1", "", "localhost.example"])
def test_to_a_demonstration_another_machine_may_not(peer: str) -> None:
    assert "this request comes from another machine" in refusal(demo(), request(peer))


@pytest.mark.parametrize("name", ["Forwarded", "X_Forwarded_For", "X_Forwarded_Proto", "X_FORWARDED_ANYTHING", "Via"])
def test_what_a_proxy_passed_on_is_not_from_this_machine(name: str) -> None:
    assert "through a proxy" in refusal(demo(), request(**{name: "a"}))


@pytest.mark.parametrize(
    "settings",
    [EVERYWHERE, Settings(public_url="https://unison.example"), Settings(hosts=("studio.lan",))],
    ids=["bound to all", "UNISON_PUBLIC_URL", "UNISON_HOSTS"],
)
def test_a_demonstration_that_others_may_reach_takes_nothing_without_a_token(settings: Settings) -> None:
    assert "sending plays requires a token" in refusal(demo(settings), request())


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://[elsewhere]"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"host": "rebound.example:8000", "Origin": "http://rebound.example:8000", "Sec_Fetch_Site": "same-origin"},
        {"host": "rebound.example"},
    ],
)
def test_a_page_of_another_site_cannot_send_through_its_visitors_browser(headers: dict[str, Any]) -> None:
    with pytest.raises(Forbidden):
        demo().check(request(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8000", "Sec_Fetch_Site": "same-origin"},
        {"host": "localhost:8000", "Origin": "http://localhost:8000"},
        {"host": "unison.localhost"},
        {"host": "[::1]:8000"},
        {"host": ""},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_to_a_demonstration_our_own_pages_may_send(headers: dict[str, Any]) -> None:
    demo().check(request(**headers))


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (demo(), "from this machine"),
        (demo(EVERYWHERE), "with the token in"),
        (IngestAuth(HERE, UNOPENED), "with the token in"),
        (IngestAuth(TOKENS, UNOPENED), "with a token of UNISON_TOKENS"),
        (IngestAuth(Settings(host="0.0.0.0", open_ingest=True), UNOPENED), "from anyone"),
    ],
)
def test_the_operator_is_told_who_may_send(found: IngestAuth, says: str) -> None:
    assert says in found.summary()
    assert "first-token" not in found.summary()
