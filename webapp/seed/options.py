"""Types and checks of the command line's options; each error is one sentence."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from webapp.core.places import City, PlaceError
from webapp.gazetteerdata import load_gazetteer

DEFAULT_URL = "http://127.0.0.1:8000"
FILE_START = datetime(2026, 9, 18, 17, tzinfo=UTC)
"""Default start of the traffic in a file; it is fixed, so that the same seed gives the same bytes."""

MAX_NUMBER = 1e9

_CONFLICTS = (
    ("replay", ("out", "scenario", "rate", "seed", "start"), "a replayed file brings its own plays"),
    ("out", ("url", "token", "data_dir"), "a file is written instead of sending"),
)
_NEED_REPLAY = (
    ("speed", "it divides the gaps between a file's presses"),
    ("city", "it says where the listener of a history was"),
)


class Url(click.ParamType[str]):
    """The address of a server: scheme, host, optional port and path."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address; exit with an error if it is not one."""
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        except ValueError:
            usable = False
        if not usable or parts.username is not None or parts.query or parts.fragment or not value.isascii():
            self.fail(f"{_shown(value)} is not a server's address, such as {DEFAULT_URL}", param, ctx)
        return str(value)


class Start(click.ParamType[datetime]):
    """An instant such as 2026-09-18T17:00, UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the instant in UTC; exit with an error if it is not one."""
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time, such as 2026-09-18T17:00 (UTC)", param, ctx)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


class CityName(click.ParamType[City]):
    """A city, as people type it."""

    name = "city"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> City:
        """Return the city; exit with an error if the text means none."""
        if isinstance(value, City):
            return value
        gazetteer = load_gazetteer()
        try:
            return gazetteer[gazetteer.typed(value)]
        except PlaceError as error:
            self.fail(str(error), param, ctx)


def file(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return the name of a file; exit with an error if it is a folder's."""
    if value is not None and Path(value).is_dir():
        example = "give one file, such as the zip file that you downloaded"
        raise click.BadParameter(f"{value!r} is a directory; {example}", ctx, param)
    return value


def token(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return the token; if a header cannot carry it, exit with an error that does not show it."""
    if value is None or not value.strip():
        return None
    if not all(0x21 <= ord(letter) <= 0x7E for letter in value.strip()):
        raise click.BadParameter("the token has characters that a header cannot carry", ctx, param)
    return value.strip()


def check_conflicts(ctx: click.Context) -> None:
    """Exit with an error if options contradict each other."""
    used = {name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    for option, others, reason in _CONFLICTS:
        for other in others:
            if option in used and other in used:
                raise click.UsageError(f"--{option} and --{other} contradict each other: {reason}.")
    for option, reason in _NEED_REPLAY:
        if option in used and "replay" not in used:
            raise click.UsageError(f"--{option} needs --replay: {reason}.")


def positive(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """Return the number; exit with an error if it is not positive or is too large."""
    if value is not None and not 0 < value <= MAX_NUMBER:
        raise click.BadParameter(f"{value:g} is not above 0 and at most {MAX_NUMBER:g}", ctx, param)
    return value


def this_hour(now: datetime) -> datetime:
    """Return the start of the hour."""
    return now.replace(minute=0, second=0, microsecond=0)


def _shown(value: str) -> str:
    """Return an address for a message, or "that" if it may contain a password."""
    return "that" if "@" in value else repr(value[:100])
