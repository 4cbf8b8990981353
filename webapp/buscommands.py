"""`unison bus`: sets up what several servers share in NATS."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import click

from webapp.bus.log import UnavailableError
from webapp.bus.natsclient import closed, connected
from webapp.bus.natsstreams import GIGABYTE, Sizes, create
from webapp.config import SettingError, Settings

NAME = "unison bus init"


@click.group()
def bus() -> None:
    """Set up what several servers share: the streams in NATS."""


@bus.command()
@click.option(
    "--replicas", type=click.IntRange(1, 5), help="NATS servers that have each message; 3, or 1 of a single one."
)
@click.option(
    "--plays-gb", type=click.FloatRange(min=0.1), default=20, show_default=True, help="Size of the log of plays."
)
@click.option("--records-gb", type=click.FloatRange(min=0.1), default=20, show_default=True, help="Log of records.")
@click.option(
    "--records-days", type=click.IntRange(min=1), default=30, show_default=True, help="How long records are kept."
)
def init(replicas: int | None, plays_gb: float, records_gb: float, records_days: int) -> None:
    """Create the streams on the servers of UNISON_BUS, or give those that are there these sizes."""
    try:
        servers = Settings.from_env().bus
    except SettingError as error:
        raise click.ClickException(str(error)) from error
    if not servers:
        raise click.ClickException("UNISON_BUS is not set; set it to the NATS servers, such as nats://10.0.0.5:4222")
    sizes = Sizes(replicas or 0, round(plays_gb * GIGABYTE), round(records_gb * GIGABYTE), records_days)
    try:
        made = asyncio.run(_create(servers, sizes))
    except UnavailableError as error:
        raise click.ClickException(str(error)) from error
    copies = "1 copy" if made.replicas == 1 else f"{made.replicas} copies"
    click.echo(f"The streams are ready, with {copies} of each message.")


async def _create(servers: tuple[str, ...], sizes: Sizes) -> Sizes:
    client = await connected(servers, NAME)
    try:
        if not sizes.replicas:
            sizes = replace(sizes, replicas=3 if len(client.servers) >= 3 else 1)
        await create(client, sizes)
    finally:
        await closed(client)
    return sizes
