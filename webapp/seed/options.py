"""What may be asked for on the command line, and what contradicts what; each mistake is one sentence."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

DEFAULT_URL = "http://127.0.0.1:8000"
FILE_START = datetime(2026, 9, 18, 17, tzinfo=UTC)
"""When the traffic of a file begins, unless asked otherwise: so that the same seed gives the same bytes."""

MOST = 1e9

_CLASHES = (
    ("replay", ("out", "scenario", "rate", "seed", "start"), "a replayed file brings its own plays"),
    ("out", ("url", "token", "data_dir"), "a file is written instead of sending"),
)


class Url(click.ParamType[str]):
    """The address of a server: scheme, host, perhaps a port and a path."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address; anything else ends the program with a sentence."""
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        except ValueError:
            usable = False
        if not usable or parts.username is not None or parts.query or parts.fragment or not value.isascii():
            self.fail(f"{_shown(value)} is no address of a server; it looks like {DEFAULT_URL}", param, ctx)
        return str(value)


class Start(click.ParamType[datetime]):
    """An instant such as 2026-09-18T17:00, UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the instant in UTC; anything else ends the program with a sentence."""
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; it looks like 2026-09-18T17:00 (UTC)", param, ctx)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def token(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return the token; one that no header can carry ends the program with a sentence that does not show it."""
    if value is None or not value.strip():
        return None
    if not all(0x21 <= ord(letter) <= 0x7E for letter in value.strip()):
        raise click.BadParameter("the token has characters that no header can carry", ctx, param)
    return value.strip()


def refuse_clashes(ctx: click.Context) -> None:
    """End the program with a sentence where options contradict one another."""
    given = {name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    for option, others, why in _CLASHES:
        for other in others:
            if option in given and other in given:
                raise click.UsageError(f"--{option} and --{other} contradict each other: {why}.")
    if "speed" in given and "replay" not in given:
        raise click.UsageError("--speed is for --replay: it divides the gaps between a file's presses.")


def more_than_0(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """Return the number; zero, less and what is no finite number end the program with a sentence."""
    if value is not None and not 0 < value <= MOST:
        raise click.BadParameter(f"{value:g} is not above 0 and at most {MOST:g}", ctx, param)
    return value


def this_hour(now: datetime) -> datetime:
    """Return the beginning of the hour."""
    return now.replace(minute=0, second=0, microsecond=0)


def _shown(value: str) -> str:
    """Return an address without what may be a password in it."""
    return "that" if "@" in value else repr(value[:100])
