"""How a server gets into NATS: TLS, passwords and credentials, and what is said where it does not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.brokers import brokers
from tests.natskeys import trust
from tests.serving import Server, ask, clean_environment, console_script
from tests.tlsfront import write_certificate
from tests.waiting import until

pytestmark = pytest.mark.timeout(120)
SECRET = {"UNISON_SECRET": "a secret of several servers"}
LOGIN = 'authorization { user: "unison", password: "s:cr@t" }'


def init(env: dict[str, str]) -> str:
    """Set the streams up; return what was wrong."""
    done = subprocess.run(
        [console_script(), "bus", "init"],
        env=clean_environment(**SECRET | env),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "s:cr@t" not in done.stderr + done.stdout
    return done.stderr


@contextmanager
def serving(folder: Path, env: dict[str, str]) -> Iterator[Server]:
    server = Server(folder / "one", SECRET | env)
    try:
        yield server
    finally:
        server.kill()
    assert "s:cr@t" not in server.log


def is_ready(server: Server) -> bool:
    return bool(json.loads(ask(server, "/readyz").text)["status"] == "ok")


def test_tls_with_an_authority_of_our_own_a_certificate_and_a_password(tmp_path: Path) -> None:
    write_certificate(tmp_path / "tls")
    served, authority = tmp_path / "tls" / "served.pem", tmp_path / "tls" / "authority.pem"
    more = f'tls {{ cert_file: "{served}", key_file: "{served}", ca_file: "{authority}", verify: true }}\n{LOGIN}'
    with brokers(tmp_path, more=more) as running:
        bus = running.urls.replace("nats://127.0.0.1", "tls://unison:s:cr%40t@localhost")
        ca = {"UNISON_BUS_CA": str(authority)}
        env = {"UNISON_BUS": bus, "UNISON_BUS_CERTIFICATE": str(served)}
        assert init(env | ca) == ""
        with serving(tmp_path, env | ca) as server:
            until(lambda: is_ready(server))
        assert init(env) == "Error: the certificate of the NATS servers is not valid\n"
        wrong = env | ca | {"UNISON_BUS": bus.replace("s:cr%40t", "wrong")}
        assert init(wrong) == "Error: the NATS servers refuse these credentials\n"
        without = env | ca | {"UNISON_BUS_CERTIFICATE": ""}
        assert init(without) == "Error: the NATS servers ask for a certificate; set UNISON_BUS_CERTIFICATE\n"


@pytest.mark.parametrize("bus", ["tls://unison:s:cr%40t@127.0.0.1", "nats://unison:s:cr%40t@127.0.0.1"])
def test_no_password_is_sent_in_clear_where_tls_is_asked_for(tmp_path: Path, bus: str) -> None:
    """A server in the middle may say that it has no TLS."""
    write_certificate(tmp_path / "tls")
    with brokers(tmp_path, more=LOGIN) as running:
        env = {"UNISON_BUS": running.urls.replace("nats://127.0.0.1", bus)}
        if bus.startswith("nats"):
            env |= {"UNISON_BUS_CA": str(tmp_path / "tls" / "authority.pem")}
        assert init(env) == "Error: the NATS servers do not offer TLS\n"


def test_a_file_of_credentials_with_a_jwt(tmp_path: Path) -> None:
    made = trust()
    (tmp_path / "unison.creds").write_text(made.credentials)
    with brokers(tmp_path, more=made.configuration) as running:
        env = {"UNISON_BUS": running.urls, "UNISON_BUS_CREDENTIALS": str(tmp_path / "unison.creds")}
        assert init(env) == ""
        with serving(tmp_path, env) as server:
            until(lambda: is_ready(server))


def test_a_missing_file_ends_the_server_in_one_sentence(tmp_path: Path) -> None:
    env = SECRET | {"UNISON_BUS": "nats://127.0.0.1:1", "UNISON_BUS_CREDENTIALS": str(tmp_path / "no.creds")}
    command = [console_script(), "serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    ended = subprocess.run(command, env=clean_environment(**env), capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    sentence = f"Error: UNISON_BUS_CREDENTIALS: {tmp_path}/no.creds cannot be used (No such file or directory)"
    assert ended.stderr.splitlines()[0] == sentence


def test_a_server_that_nats_puts_out_comes_back_once_it_may(tmp_path: Path) -> None:
    """The client takes the end of its session for the end of all."""
    with brokers(tmp_path, more=LOGIN) as running:
        env = {"UNISON_BUS": running.urls.replace("nats://", "nats://unison:s:cr%40t@")}
        assert init(env) == ""
        with serving(tmp_path, env) as server:
            until(lambda: is_ready(server))
            running[0].reconfigure("s:cr@t", "another")
            until(lambda: "the NATS servers refuse these credentials" in server.log)
            assert "Traceback" not in server.log
            running[0].reconfigure("another", "s:cr@t")
            until(lambda: is_ready(server))
