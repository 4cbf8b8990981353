"""What Unison keeps in NATS: two logs, the checkpoints, the settings that all nodes must share, and shared state."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from dataclasses import dataclass, fields, replace

import msgspec
from nats.aio.client import Client
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError, ObjectNotFoundError

from webapp.bus.log import Checkpoint
from webapp.bus.messages import MOMENTS, STATE
from webapp.bus.natsclient import asking
from webapp.bus.natslog import NatsLog

PLAYS, RECORDS, CHECKPOINTS, SHARED = "UNISON_PLAYS", "UNISON_RECORDS", "UNISON_CHECKPOINTS", "UNISON_SHARED"
_SUBJECTS = {PLAYS: "unison.plays", RECORDS: "unison.records"}
_CHECKPOINT = "matcher"
DUPLICATES_S = 120.0
"""For so long a message that is sent again is known by its name; nodes send for 15 s."""
CREATE_S = 20.0
GIGABYTE = 1 << 30


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is kept; None stands for what is there, and for that of `NEW` where nothing is.

    Attributes:
        replicas: how many servers have each message; if new, 3 of three servers, otherwise 1.
        plays_bytes: of the log of plays; when it is full, plays are refused.
        records_bytes: of the log of records; when it is full, the oldest ones go.
        records_days: how long records are kept.
        moments: how many shared moments are kept, the newest.
    """

    replicas: int | None = None
    plays_bytes: int | None = None
    records_bytes: int | None = None
    records_days: float | None = None
    moments: int | None = None

    def otherwise(self, others: Sizes) -> Sizes:
        """Return these, and others where these say nothing."""
        both = [(getattr(self, field.name), getattr(others, field.name)) for field in fields(self)]
        return Sizes(*(theirs if mine is None else mine for mine, theirs in both))


NEW = Sizes(plays_bytes=20 * GIGABYTE, records_bytes=20 * GIGABYTE, records_days=30)
DAY_S = 86_400


def _live(stream: str) -> str:
    return _SUBJECTS[stream].replace("unison.", "unison.live.")


def log_of(client: Client, stream: str) -> NatsLog:
    """Return a log that is kept in a stream, PLAYS or RECORDS."""
    return NatsLog(client, stream, _SUBJECTS[stream], _live(stream))


def bucket_stream(bucket: str) -> str:
    """Return the name of a bucket's stream."""
    return f"KV_{bucket}"


def keys_of(bucket: str, key: str = "") -> str:
    """Return the subject of a key of a bucket, or what all of them begin with."""
    return f"$KV.{bucket}.{key}"


def live_keys_of(bucket: str) -> str:
    """Return the subjects under which a bucket's changes are published again."""
    return f"unison.live.{bucket.removeprefix('UNISON_').lower()}.>"


async def create(client: Client, sizes: Sizes, moments: int = 100_000) -> Sizes:
    """Create what is missing, give what is there these sizes, and return those that it has then.

    Args:
        client: connected.
        sizes: of all.
        moments: how many shared moments are kept if nothing says that.

    Raises:
        UnavailableError: it could not be created.
    """
    context = client.jetstream(timeout=CREATE_S)
    with asking("cannot create the streams"):
        made = sizes.otherwise(await _sizes_of(context)).otherwise(replace(NEW, moments=moments))
        copies = made.replicas or (3 if len(client.servers) >= 3 else 1)
        plays = api.StreamConfig(max_bytes=made.plays_bytes, discard=api.DiscardPolicy.NEW)
        records = api.StreamConfig(max_bytes=made.records_bytes, discard=api.DiscardPolicy.OLD)
        await _keep_stream(context, PLAYS, plays, copies)
        await _keep_stream(context, RECORDS, records.evolve(max_age=(made.records_days or 0) * DAY_S), copies)
        if not await _has_copies(context, f"OBJ_{CHECKPOINTS}", copies):
            await context.create_object_store(CHECKPOINTS, config=api.ObjectStoreConfig(replicas=copies))
        if not await _has_copies(context, bucket_stream(SHARED), copies):
            await context.create_key_value(api.KeyValueConfig(bucket=SHARED, history=1, replicas=copies))
        state = api.StreamConfig(discard=api.DiscardPolicy.NEW)
        await _keep_bucket(context, STATE, state, copies)
        newest = api.StreamConfig(discard=api.DiscardPolicy.OLD, max_msgs=made.moments)
        await _keep_bucket(context, MOMENTS, newest, copies)
    return Sizes(replicas=copies).otherwise(made)


async def _sizes_of(context: JetStreamContext) -> Sizes:
    """Return the sizes of what is there."""
    names = (PLAYS, RECORDS, bucket_stream(MOMENTS))
    plays, records, moments = [await _config_of(context, name) or api.StreamConfig() for name in names]
    days = None if records.max_age is None else records.max_age / DAY_S
    return Sizes(plays.num_replicas, plays.max_bytes, records.max_bytes, days, moments.max_msgs)


async def _config_of(context: JetStreamContext, name: str) -> api.StreamConfig | None:
    try:
        return (await context.stream_info(name)).config
    except NotFoundError:
        return None


async def _has_copies(context: JetStreamContext, name: str, replicas: int) -> bool:
    """Return whether a stream is there, with so many copies from now on."""
    config = await _config_of(context, name)
    if config and config.num_replicas != replicas:
        await context.update_stream(config.evolve(num_replicas=replicas))
    return config is not None


async def _keep_stream(context: JetStreamContext, name: str, config: api.StreamConfig, replicas: int) -> None:
    subject = _SUBJECTS[name]
    wanted = config.evolve(
        name=name,
        subjects=[subject],
        republish=api.RePublish(src=subject, dest=_live(name)),
        duplicate_window=DUPLICATES_S,
    )
    await _keep(context, wanted, replicas)


async def _keep_bucket(context: JetStreamContext, bucket: str, config: api.StreamConfig, replicas: int) -> None:
    """Keep a stream that is a bucket for NATS's own tools, too: it has the last message of each key."""
    subject, live = keys_of(bucket, ">"), live_keys_of(bucket)
    wanted = config.evolve(
        name=bucket_stream(bucket),
        subjects=[subject],
        republish=api.RePublish(src=subject, dest=live),
        max_msgs_per_subject=1,
        allow_rollup_hdrs=True,
        allow_msg_ttl=True,
        deny_delete=True,
    )
    await _keep(context, wanted, replicas)


async def _keep(context: JetStreamContext, config: api.StreamConfig, replicas: int) -> None:
    """Create a stream, or change it if it is there."""
    wanted = config.evolve(num_replicas=replicas, storage=api.StorageType.FILE, allow_direct=True)
    if await _config_of(context, str(wanted.name)):
        await context.update_stream(wanted)
    else:
        await context.add_stream(wanted)


class NatsCheckpoints:
    """The newest checkpoint, in an object store."""

    def __init__(self, client: Client) -> None:
        self._context = client.jetstream(timeout=5)

    async def save(self, checkpoint: Checkpoint) -> None:
        """See `webapp.bus.log.Checkpoints`."""
        data = await asyncio.to_thread(zlib.compress, msgspec.msgpack.encode(checkpoint), 1)
        with asking("checkpoint not saved"):
            store = await self._context.object_store(CHECKPOINTS)
            await store.put(_CHECKPOINT, data)

    async def newest(self) -> Checkpoint | None:
        """See `webapp.bus.log.Checkpoints`."""
        with asking("no checkpoint read"):
            store = await self._context.object_store(CHECKPOINTS)
            try:
                found = await store.get(_CHECKPOINT)
            except ObjectNotFoundError:
                return None
        return msgspec.msgpack.decode(zlib.decompress(found.data or b""), type=Checkpoint)


async def stream_id(client: Client, stream: str) -> str:
    """Return a name for a stream's numbering, the same on all nodes: it changes when the stream is created anew.

    Raises:
        UnavailableError: there is no such stream, or no answer now.
    """
    info = await stream_of(client, stream)
    created = (info.created.isoformat() if info.created else "").encode()
    return hashlib.blake2b(created, digest_size=6).hexdigest()


async def first_and_last(client: Client, stream: str) -> tuple[int, int]:
    """Return the numbers of the oldest and of the newest message of a stream.

    Raises:
        UnavailableError: there is no such stream, or no answer now.
    """
    state = (await stream_of(client, stream)).state
    return state.first_seq, state.last_seq


def copies_of(info: api.StreamInfo) -> tuple[int, int]:
    """Return how many copies of a stream are up to date, 0 if it has no leader, and how many there should be."""
    wanted, cluster = info.config.num_replicas or 1, info.cluster
    if not cluster or not cluster.replicas:
        return 1, wanted
    return (1 + sum(bool(each.current) for each in cluster.replicas) if cluster.leader else 0), wanted


async def stream_of(client: Client, stream: str) -> api.StreamInfo:
    """Return what NATS knows of a stream.

    Raises:
        UnavailableError: there is no such stream, or no answer now.
    """
    with asking(f"the stream {stream} does not answer"):
        return await client.jetstream(timeout=2).stream_info(stream)
