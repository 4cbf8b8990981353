"""What all nodes of a bus must agree on, and where they begin, as the bus has it."""

from __future__ import annotations

from hashlib import blake2b

import msgspec
from msgspec.structs import replace
from nats.aio.client import Client
from nats.js.errors import KeyWrongLastSequenceError, NoStreamResponseError, NotFoundError
from nats.js.kv import KeyValue

from webapp.bus.log import UnavailableError
from webapp.bus.natsclient import asking
from webapp.bus.natsstreams import SHARED
from webapp.core.fold import MATCHING, RULES, FoldRules

RULES_KEY, BEGUN_KEY = "rules", "begun"


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
    return Agreement(rules, shown_per_s, _fingerprint(secret))


def _fingerprint(secret: bytes) -> str:
    return blake2b(secret, digest_size=8, person=b"unison bus").hexdigest()


async def agree(client: Client, mine: Agreement) -> Agreement:
    """Check that a node has what the bus has, and return that; the first node that may decides it.

    Raises:
        OtherRulesError: it has not, or the bus is not set up.
        UnavailableError: that cannot be told now.
    """
    with asking("the bus does not answer"):
        store = await _store(client)
        try:
            entry = await store.get(RULES_KEY)
        except NotFoundError:
            try:
                await store.create(RULES_KEY, msgspec.json.encode(mine))
            except KeyWrongLastSequenceError:
                pass  # another node was first
            except NoStreamResponseError as error:  # this account may not
                raise UnavailableError("no server that matches has used this bus yet") from error
            entry = await store.get(RULES_KEY)
    theirs = _agreement(entry)
    compare(mine, theirs)
    return theirs


async def check_secret(client: Client, secret: bytes) -> None:
    """Check that a secret is the one of the bus, if a node has used that.

    Raises:
        OtherRulesError: it is not, or the bus is not set up.
        UnavailableError: that cannot be told now.
    """
    with asking("the bus does not answer"):
        try:
            theirs = _agreement(await (await _store(client)).get(RULES_KEY))
        except NotFoundError:
            return
    _compare_secrets(_fingerprint(secret), theirs.secret)


async def replace_agreement(client: Client, mine: Agreement) -> None:
    """Have all nodes need what this one has; they must not run meanwhile.

    Raises:
        OtherRulesError: the bus is not set up.
        UnavailableError: it may be done, or not.
    """
    with asking("the bus does not answer"):
        await (await _store(client)).put(RULES_KEY, msgspec.json.encode(mine))


async def upgrade(client: Client) -> tuple[str, str]:
    """Have all nodes match by the newest rules that this program knows; return the bus's version before and now.

    Raises:
        OtherRulesError: no node has been there yet, or one with a newer version.
        UnavailableError: that cannot be done now.
    """
    theirs = await agreed(client)
    wanted = replace(theirs, rules=replace(theirs.rules, version=RULES))
    if wanted != theirs:
        with asking("the bus does not answer"):
            await (await _store(client)).put(RULES_KEY, msgspec.json.encode(wanted))
    return theirs.rules.version, RULES


async def agreed(client: Client) -> Agreement:
    """Return what the bus has.

    Raises:
        OtherRulesError: no node has been there yet, or this program is too old.
        UnavailableError: that cannot be told now.
    """
    with asking("the bus does not answer"):
        try:
            entry = await (await _store(client)).get(RULES_KEY)
        except NotFoundError as error:
            raise OtherRulesError("no server has used this bus yet; start one first") from error
    theirs = _agreement(entry)
    _check_version(theirs)
    return theirs


async def begun(client: Client) -> int:
    """Return the number of the newest record that begins anew; 0 if there is none.

    Raises:
        UnavailableError: that cannot be told now.
    """
    with asking("the bus does not answer"):
        try:
            return int((await (await _store(client)).get(BEGUN_KEY)).value or b"0")
        except NotFoundError:
            return 0


async def note_begun(client: Client, record: int) -> None:
    """Have matchers begin with a record that says so.

    Raises:
        UnavailableError: they may do it, or not.
    """
    with asking("the bus does not answer"):
        await (await _store(client)).put(BEGUN_KEY, str(record).encode())


async def _store(client: Client) -> KeyValue:
    try:
        return await client.jetstream(timeout=2).key_value(SHARED)
    except NotFoundError as error:
        raise OtherRulesError("the bus has no streams yet; run `unison bus init`") from error


def _agreement(entry: KeyValue.Entry) -> Agreement:
    return msgspec.json.decode(entry.value or b"", type=Agreement)


def compare(mine: Agreement, theirs: Agreement) -> None:
    """Check that a node has what the bus has.

    Raises:
        OtherRulesError: it has not; the error names the first difference.
    """
    for name, here, there in (
        ("UNISON_WINDOW_S", mine.rules.window_ms / 1000, theirs.rules.window_ms / 1000),
        ("UNISON_LATENESS_S", mine.rules.lateness_ms / 1000, theirs.rules.lateness_ms / 1000),
        ("UNISON_PRIVACY_K", mine.rules.privacy_k, theirs.rules.privacy_k),
        ("UNISON_SHOWN_PER_S", mine.shown_per_s, theirs.shown_per_s),
    ):
        if here != there:
            raise OtherRulesError(f"{name} is {here:g} here and {there:g} on the bus; all nodes need the same")
    _compare_secrets(mine.secret, theirs.secret)
    _check_version(theirs)


def _compare_secrets(mine: str, theirs: str) -> None:
    if mine != theirs:
        raise OtherRulesError("UNISON_SECRET is another one on the bus; all nodes need the same")


def _check_version(theirs: Agreement) -> None:
    if (version := theirs.rules.version) not in MATCHING:
        raise OtherRulesError(
            f"the bus matches by the rules {version}; this version of Unison knows {', '.join(MATCHING)}"
        )
