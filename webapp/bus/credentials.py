"""How a server identifies itself to NATS: what the files say that settings name. They are read at each connection."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from webapp.config import ROLES, Settings

CREDENTIALS, CA, CERTIFICATE = "UNISON_BUS_CREDENTIALS", "UNISON_BUS_CA", "UNISON_BUS_CERTIFICATE"
ADMIN = "admin"
"""The account for commands that look after the bus."""
MAX_BYTES = 1 << 16
_SEED, _USER = 18 << 3, 20 << 3
"""The types of keys, in the five bits that become the first letter of a text: S and U."""
_SEED_TEXT = re.compile(r"\bSU[A-Z2-7]{56}\b")
_JWT_TEXT = re.compile(r"-BEGIN NATS USER JWT-+\s+([\w-]+\.[\w-]+\.[\w-]+)\s")


class CredentialsError(RuntimeError):
    """A file by which this server identifies itself cannot be used; the message names it, and never shows a secret."""


class Access(msgspec.Struct, frozen=True):
    """Where NATS is, and how to identify to it.

    Attributes:
        servers: addresses, without users.
        user: name and password, empty without.
        inbox: what the subjects of answers begin with; an account may read those of its own only.
        credentials: a file with an NKey seed, or with a JWT and the seed of its NKey; empty if there is none.
        ca: a file with certificates of those who vouch for the servers.
        certificate: a file with this client's certificate and key.
    """

    servers: list[str]
    user: tuple[str, str] = ("", "")
    inbox: str = "_INBOX.all"
    credentials: str = ""
    ca: str = ""
    certificate: str = ""

    @property
    def is_encrypted(self) -> bool:
        """Whether nothing may be sent without TLS."""
        return bool(self.ca or self.certificate) or any(each.startswith("tls:") for each in self.servers)

    def check(self) -> None:
        """Read the files.

        Raises:
            CredentialsError: one of them cannot be used.
        """
        if self.is_encrypted:
            self.tls()
        if self.credentials:
            self.identity()

    def tls(self) -> ssl.SSLContext:
        """Return how to encrypt.

        Raises:
            CredentialsError: a file of certificates cannot be used.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
        except OSError as error:
            raise _unusable(CA, self.ca, error, "certificates in PEM format") from error
        try:
            if self.certificate:
                context.load_cert_chain(self.certificate, password=lambda: "")
        except OSError as error:
            raise _unusable(CERTIFICATE, self.certificate, error, "a certificate and its key in PEM format") from error
        return context

    def identity(self) -> Identity:
        """Return what the file of credentials says.

        Raises:
            CredentialsError: it cannot be used.
        """
        try:
            with Path(self.credentials).open("rb") as file:
                text = file.read(MAX_BYTES).decode("ascii", "replace")
        except OSError as error:
            raise _unusable(CREDENTIALS, self.credentials, error) from error
        seed, jwt = _SEED_TEXT.search(text), _JWT_TEXT.search(text)
        if identity := seed and user_key(seed[0], jwt[1] if jwt else ""):
            return identity
        raise CredentialsError(
            f"{CREDENTIALS}: {self.credentials} has no NKey seed of a user; expected one that begins with SU, alone or"
            " in a file of credentials"
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this server is to NATS.

    Attributes:
        key: signs what the NATS server asks to sign.
        jwt: says what its owner may do, empty if the NATS server knows.
    """

    key: Ed25519PrivateKey
    jwt: str = ""

    @property
    def public(self) -> str:
        """The public key as NATS writes it: the letter U and 55 others."""
        return key_text(bytes([_USER]) + self.key.public_key().public_bytes_raw())

    def sign(self, nonce: str) -> bytes:
        """Return the signature, in base64."""
        return base64.b64encode(self.key.sign(nonce.encode()))


def access(settings: Settings, account: str = "") -> Access:
    """Return what the settings say.

    Args:
        settings: with a bus.
        account: whose inbox it is, if not the one of the server's roles.
    """
    parts = [urlsplit(each) for each in settings.bus]
    users = [(unquote(each.username), unquote(each.password or "")) for each in parts if each.username]
    return Access(
        [f"{each.scheme}://{each.netloc.rpartition('@')[2]}" for each in parts],
        users[0] if users else ("", ""),
        f"_INBOX.{account or account_of(settings.roles)}",
        str(settings.bus_credentials or ""),
        str(settings.bus_ca or ""),
        str(settings.bus_certificate or ""),
    )


def account_of(roles: tuple[str, ...]) -> str:
    """Return the name of the account for these roles."""
    some = [role for role in ROLES if role in roles]
    return "all" if len(some) == len(ROLES) else "-".join(some)


def new_seed() -> str:
    """Return the seed of a new NKey of a user."""
    return key_text(bytes([_SEED | _USER >> 5, _USER << 3 & 0xFF]) + secrets.token_bytes(32))


def user_key(seed: str, jwt: str = "") -> Identity | None:
    """Return who has a seed; None if its check sum is wrong."""
    data = base64.b32decode(seed + "=" * (-len(seed) % 8))[:-2]
    return Identity(Ed25519PrivateKey.from_private_bytes(data[2:]), jwt) if key_text(data) == seed else None


def key_text(data: bytes) -> str:
    """Return bytes as NATS writes keys: with a check sum, in base32."""
    return base64.b32encode(data + binascii.crc_hqx(data, 0).to_bytes(2, "little")).decode().rstrip("=")


def _unusable(setting: str, path: str, error: OSError, expected: str = "") -> CredentialsError:
    is_read = isinstance(error, ssl.SSLError)
    why = f"it does not have {expected}" if is_read else error.strerror
    return CredentialsError(f"{setting}: {path} cannot be used ({why})")
