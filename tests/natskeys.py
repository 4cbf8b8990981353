"""Keys and signed claims of a NATS that trusts an operator: what `nsc` would write."""

from __future__ import annotations

import base64
import json
import time
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from webapp.bus.credentials import key_text, new_seed, user_key

OPERATOR, ACCOUNT = 14 << 3, 0
NO_LIMITS = ("subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage", "disk_storage", "streams")


class Trust(NamedTuple):
    """What a NATS server is told, and what a user of it has.

    Attributes:
        configuration: of the server.
        credentials: the text of the user's file.
    """

    configuration: str
    credentials: str


def trust() -> Trust:
    """Make an operator, an account with JetStream, and a user who may do all."""
    operator, account, system = (Ed25519PrivateKey.generate() for _ in range(3))
    seed = new_seed()
    user = user_key(seed)
    assert user
    system_key = _public(ACCOUNT, system)
    limits = dict.fromkeys((*NO_LIMITS, "consumer"), -1) | {"wildcards": True}
    operator_jwt = _signed(_public(OPERATOR, operator), OPERATOR, operator, {"type": "operator"})
    no_streams = limits | {"mem_storage": 0, "disk_storage": 0}
    accounts = {
        key: _signed(key, OPERATOR, operator, {"type": "account", "limits": most})
        for key, most in ((_public(ACCOUNT, account), limits), (system_key, no_streams))
    }
    user_jwt = _signed(user.public, ACCOUNT, account, {"type": "user", "subs": -1, "data": -1, "payload": -1})
    return Trust(
        f"operator: {operator_jwt}\nsystem_account: {system_key}\nresolver: MEMORY\n"
        f"resolver_preload: {json.dumps(accounts)}\n",
        f"-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n",
    )


def _public(kind: int, key: Ed25519PrivateKey) -> str:
    return key_text(bytes([kind]) + key.public_key().public_bytes_raw())


def _signed(subject: str, kind: int, issuer: Ed25519PrivateKey, claims: dict[str, Any]) -> str:
    said = {"jti": subject, "iat": int(time.time()), "iss": _public(kind, issuer), "name": "test", "sub": subject}
    parts = [{"typ": "JWT", "alg": "ed25519-nkey"}, said | {"nats": claims | {"version": 2}}]
    text = ".".join(_base64(json.dumps(part).encode()) for part in parts)
    return f"{text}.{_base64(issuer.sign(text.encode()))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
