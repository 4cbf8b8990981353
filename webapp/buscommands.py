"""`unison bus`: sets up what several servers share in NATS."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from webapp.bus.log import NEEDS_NATS, UnavailableError
from webapp.config import SettingError, Settings

if TYPE_CHECKING:
    from webapp.bus.natsstreams import Sizes

NAME = "unison bus init"


@click.group()
def bus() -> None:
    """Set up what several servers share: the streams in NATS."""


@bus.command()
@click.option("--replicas", type=click.IntRange(1, 5), help="Copies of each message: 3, or 1 on a single server.")
@click.option("--plays-gb", type=click.FloatRange(min=0.1), default=20, show_default=True, help="Log of plays.")
@click.option("--records-gb", type=click.FloatRange(min=0.1), default=20, show_default=True, help="Log of records.")
@click.option("--records-days", type=click.IntRange(min=1), default=30, show_default=True, help="Days of records.")
def init(replicas: int | None, plays_gb: float, records_gb: float, records_days: int) -> None:
    """Create the streams on the servers of UNISON_BUS, or give those that are there these sizes."""
    if not find_spec("nats"):
        raise click.ClickException(NEEDS_NATS)
    from webapp.bus.natsstreams import GIGABYTE, Sizes  # without the extra, `unison --help` works all the same

    try:
        servers = Settings.from_env().bus
    except SettingError as error:
        raise click.ClickException(str(error)) from error
    if not servers:
        raise click.ClickException("UNISON_BUS is not set; set it to the NATS servers, such as nats://10.0.0.5:4222")
    sizes = Sizes(replicas or 0, round(plays_gb * GIGABYTE), round(records_gb * GIGABYTE), records_days)
    try:
        copies = asyncio.run(_create(servers, sizes))
    except UnavailableError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"The streams are ready, with {'1 copy' if copies == 1 else f'{copies} copies'} of each message.")


async def _create(servers: tuple[str, ...], sizes: Sizes) -> int:
    """Create the streams; return how many copies of each message there are."""
    from webapp.bus.natsclient import closed, connected
    from webapp.bus.natsstreams import create

    client = await connected(servers, NAME)
    try:
        copies = sizes.replicas or (3 if len(client.servers) >= 3 else 1)
        await create(client, replace(sizes, replicas=copies))
    finally:
        await closed(client)
    return copies
