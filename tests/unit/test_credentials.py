"""How a server identifies itself to NATS: files of keys and certificates, and what is said of those that are wrong."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.natskeys import trust
from tests.tlsfront import write_certificate
from webapp.bus.credentials import Access, CredentialsError, access, new_seed, user_key
from webapp.config import Settings

SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
"""From the documentation of NATS, as is the public key."""
PUBLIC = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"


def file(folder: Path, text: str) -> str:
    path = folder / "key"
    path.write_text(text)
    return str(path)


def test_a_seed_gives_the_public_key_that_nats_knows() -> None:
    key = user_key(SEED)
    assert key
    assert key.public == PUBLIC


def test_what_is_signed_can_be_checked_with_the_public_key() -> None:
    key = user_key(new_seed())
    assert key
    key.key.public_key().verify(base64.b64decode(key.sign("a nonce")), b"a nonce")


def test_a_seed_stands_alone_or_in_a_file_of_credentials(tmp_path: Path) -> None:
    alone = Access([], credentials=file(tmp_path, f"  {SEED}\n")).identity()
    assert (alone.public, alone.jwt) == (PUBLIC, "")
    credentials = trust().credentials
    assert Access([], credentials=file(tmp_path, credentials)).identity().jwt == credentials.splitlines()[1]


@pytest.mark.parametrize("text", ["", "hello", SEED[:-1] + "A", SEED.replace("SU", "SA"), PUBLIC])
def test_a_file_without_a_seed_is_told_by_name_and_without_its_content(tmp_path: Path, text: str) -> None:
    with pytest.raises(CredentialsError) as error:
        Access([], credentials=file(tmp_path, text)).check()
    assert str(error.value).startswith(f"UNISON_BUS_CREDENTIALS: {tmp_path}/key has no NKey seed of a user; expected")
    assert not text or text not in str(error.value)


def test_files_that_are_missing_or_hold_no_certificate_are_told_by_name(tmp_path: Path) -> None:
    missing, text = str(tmp_path / "no"), file(tmp_path, "hello")
    for made, sentence in (
        (
            Access([], credentials=missing),
            f"UNISON_BUS_CREDENTIALS: {missing} cannot be used (No such file or directory)",
        ),
        (Access([], ca=missing), f"UNISON_BUS_CA: {missing} cannot be used (No such file or directory)"),
        (Access([], ca=text), f"UNISON_BUS_CA: {text} cannot be used (it does not have certificates in PEM format)"),
        (
            Access([], certificate=text),
            f"UNISON_BUS_CERTIFICATE: {text} cannot be used (it does not have a certificate and its key in PEM format)",
        ),
    ):
        with pytest.raises(CredentialsError) as error:
            made.check()
        assert str(error.value) == sentence


def test_certificates_can_be_used(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    Access([], ca=str(tmp_path / "authority.pem"), certificate=str(tmp_path / "served.pem")).check()


def test_the_settings_say_where_and_who(tmp_path: Path) -> None:
    bus = ("tls://unison:p%40ss:w@nats.example:4222", "tls://[::1]:4222")
    made = access(Settings(bus=bus, roles=("web",), bus_ca=tmp_path))
    assert (made.servers, made.user) == (["tls://nats.example:4222", "tls://[::1]:4222"], ("unison", "p@ss:w"))
    assert (made.inbox, made.ca, made.credentials, made.is_encrypted) == ("_INBOX.web", str(tmp_path), "", True)
    assert access(Settings(bus=("nats://a",))) == Access(["nats://a"])
    assert access(Settings(bus=("nats://a",)), "admin").inbox == "_INBOX.admin"
