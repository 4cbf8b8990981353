"""The command `unison seed` and its options."""

from datetime import UTC, datetime
from pathlib import Path

import click

from webapp.core.places import City
from webapp.seed import actions, options
from webapp.seed.client import Client
from webapp.seed.listening import SPEED
from webapp.seed.scenarios import SCENARIOS
from webapp.seed.tokens import token_for

_EPILOG = "\b\nScenarios:\n" + "\n".join(f"  {name:14} {kind.help}" for name, kind in SCENARIOS.items())


@click.command(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--scenario",
    type=click.Choice(list(SCENARIOS)),
    default="everyday",
    show_default=True,
    help="What kind of traffic; see below.",
)
@click.option(
    "--rate",
    type=float,
    callback=options.positive,
    metavar="PLAYS",
    help="Plays a second. [default: 50; release-night 180, edge-cases 4, burst 10000, world 152000]",
)
@click.option(
    "--seconds",
    type=float,
    callback=options.positive,
    help="Duration. [default: for ever; burst 1; a file to its end]",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=1,
    show_default=True,
    help="The same seed gives the same plays.",
)
@click.option(
    "--start",
    type=options.Start(),
    metavar="TIME",
    help="Time (UTC) in the simulated world at the start; it decides who is awake. "
    f"[default: this hour; with --out {options.FILE_START:%Y-%m-%dT%H:%M}]",
)
@click.option("--url", type=options.Url(), default=options.DEFAULT_URL, show_default=True, help="The server's address.")
@click.option(
    "--token",
    envvar="UNISON_TOKEN",
    show_envvar=True,
    callback=options.token,
    help="The token for sending plays; never printed.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Data folder to take the token from, for loopback addresses only.  [UNISON_DATA_DIR]",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True),
    metavar="FILE",
    help="Write the plays as NDJSON instead of sending them; - is standard output.",
)
@click.option(
    "--replay",
    type=click.Path(exists=True),
    callback=options.file,
    metavar="FILE",
    help="Send the plays of such a file, with their times shifted to now, marked as replay. Or a listening history: an "
    "export of Spotify, ListenBrainz, Last.fm (CSV or JSON), Maloja or multi-scrobbler, zip files as they are.",
)
@click.option(
    "--city",
    type=options.CityName(),
    metavar="CITY",
    help="With --replay of a listening history: where you were, such as 'Osaka' or 'Portland, Maine'.",
)
@click.option(
    "--speed",
    type=float,
    callback=options.positive,
    help="With --replay: divide the gaps between presses by this. "
    f"[default: 1; of a listening history {SPEED:g}, a day in a minute]",
)
@click.pass_context
def main(
    ctx: click.Context,
    scenario: str,
    rate: float | None,
    seconds: float | None,
    seed: int,
    start: datetime | None,
    url: str,
    token: str | None,
    data_dir: Path | None,
    out: str | None,
    replay: str | None,
    city: City | None,
    speed: float | None,
) -> None:
    """Send plays to a Unison server: of simulated listeners all over the world, or from a file.

    It retries while the server is unavailable. Ctrl-C ends it and prints the totals.
    """
    options.check_conflicts(ctx)
    stored_token = token_for(url, data_dir)
    if replay is not None:
        return actions.replay_file(Path(replay), Client(url, "replay", token, stored_token), seconds, speed, city)
    kind = SCENARIOS[scenario]
    rate, seconds = rate or kind.rate, seconds or kind.seconds
    start = start or (options.FILE_START if out else options.this_hour(datetime.now(UTC)))
    blocks = kind.plays(seed, rate, int(start.timestamp()))
    if out is None:
        return actions.send(kind, rate, blocks, Client(url, "synthetic", token, stored_token), seconds)
    if seconds is None:
        raise click.UsageError("--out needs --seconds: this traffic never ends by itself.")
    return actions.write(out, blocks, int(start.timestamp()), seconds)
