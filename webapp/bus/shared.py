"""What all nodes of a bus must agree on, as the bus has it."""

from __future__ import annotations

from contextlib import suppress
from hashlib import blake2b

import msgspec
from nats.aio.client import Client
from nats.js.errors import KeyWrongLastSequenceError, NotFoundError

from webapp.bus.natsclient import asking
from webapp.bus.natsstreams import SHARED
from webapp.core.fold import FoldRules

KEY = "rules"


class OtherRulesError(Exception):
    """This node has other settings than the bus; the message is for its operator."""


class Agreement(msgspec.Struct, frozen=True):
    """What the bus has.

    Attributes:
        rules: of the fold.
        shown_per_s: connections that a filter shows in a second.
        secret: a fingerprint of the secret.
    """

    rules: FoldRules
    shown_per_s: int
    secret: str


def agreement(rules: FoldRules, shown_per_s: int, secret: bytes) -> Agreement:
    """Return what a node has."""
    return Agreement(rules, shown_per_s, blake2b(secret, digest_size=8, person=b"unison bus").hexdigest())


async def agree(client: Client, mine: Agreement) -> None:
    """Check that a node has what the bus has; the first node decides it.

    Raises:
        OtherRulesError: it has not, or the bus is not set up.
        UnavailableError: that cannot be told now.
    """
    with asking("the bus does not answer"):
        try:
            store = await client.jetstream(timeout=2).key_value(SHARED)
        except NotFoundError as error:
            raise OtherRulesError("the bus has no streams yet; run `unison bus init`") from error
        try:
            entry = await store.get(KEY)
        except NotFoundError:
            with suppress(KeyWrongLastSequenceError):  # another node was first
                await store.create(KEY, msgspec.json.encode(mine))
            entry = await store.get(KEY)
    _compare(mine, msgspec.json.decode(entry.value or b"", type=Agreement))


def _compare(mine: Agreement, theirs: Agreement) -> None:
    """Raise an error that names the first difference."""
    for name, here, there in (
        ("UNISON_WINDOW_S", mine.rules.window_ms / 1000, theirs.rules.window_ms / 1000),
        ("UNISON_LATENESS_S", mine.rules.lateness_ms / 1000, theirs.rules.lateness_ms / 1000),
        ("UNISON_PRIVACY_K", mine.rules.privacy_k, theirs.rules.privacy_k),
        ("UNISON_SHOWN_PER_S", mine.shown_per_s, theirs.shown_per_s),
    ):
        if here != there:
            raise OtherRulesError(f"{name} is {here:g} here and {there:g} on the bus; all nodes need the same")
    if mine.secret != theirs.secret:
        raise OtherRulesError("UNISON_SECRET is another one on the bus; all nodes need the same")
    if mine.rules.version != theirs.rules.version:
        raise OtherRulesError(
            f"this version matches by the rules {mine.rules.version}, the bus by {theirs.rules.version}"
        )
