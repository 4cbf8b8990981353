"""The table of all settings, with name, type, default and a sentence each; everything else is derived from it.

The environment variable `UNISON_WINDOW_S` sets the field `window_s`. `unison settings` prints the table, and a test
checks that docs/settings.md equals it.
"""

import hashlib
import math
import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from webapp import environment as variables
from webapp.environment import PREFIX
from webapp.logs import LEVELS

QUERY = "{query}"
"""Placeholder for the search words in a search link."""


ROLES = ("ingest", "match", "web")

PRIVACY_K = 3
"""UNISON_PRIVACY_K where listeners can connect their players."""


class SettingError(ValueError):
    """A setting's value cannot be used; the message names the variable, the value and what would be right."""


def _setting(
    help: str,
    default: Any = MISSING,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    check: tuple[Callable[[Any], object], str] | None = None,
    **more: Any,
) -> Any:
    """Return a field for a setting: a sentence, its default, a number's range, or a check and what passes it."""
    return field(default=default, metadata={"help": help, "least": least, "most": most, "check": check}, **more)


def _all(pattern: str) -> Callable[[tuple[str, ...]], bool]:
    """Return a check that every word of a list matches a pattern."""
    form = re.compile(pattern, re.ASCII | re.IGNORECASE)
    return lambda words: all(map(form.fullmatch, words))


def _are_location_headers(words: tuple[str, ...]) -> bool:
    is_named = len(words) == 1 and words[0].lower() in ("cloudflare", "cloudfront", "none")
    return is_named or _all(r"(city|region|country|lat|lon)=[\w-]+")(words)


def _are_listen_links(words: tuple[str, ...]) -> bool:
    host = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?"
    words_of_a_song = r"\{(?:query|title|artist)\}"
    form = rf"[^=<>]*[^=\s<>]=https://{host}/(?=\S*{words_of_a_song})(?:[^\s{{}}<>\"\\]|{words_of_a_song})*"
    return _all(form)(words)


def _are_roles(words: tuple[str, ...]) -> bool:
    return bool(words) and set(words) <= set(ROLES)


def _are_networks(words: tuple[str, ...]) -> bool:
    try:
        return all(ip_network(word, strict=False) for word in words)
    except ValueError:
        return False


_HOST = r"([\w-]+(\.[\w-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?"
_USER = r"[^\s:@/]+(:[^\s@/]*)?"
_URL = re.compile(r"https?://([\w.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[\w~-][\w.~-]*)*/?", re.ASCII | re.IGNORECASE)


def default_data_dir(name: str = "unison") -> Path:
    """Return the user's data folder, by the XDG specification.

    Raises:
        SettingError: the user has no home folder, as in a container that runs under an arbitrary uid.
    """
    try:
        return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / name
    except RuntimeError as error:
        raise SettingError(
            "this user has no home folder; set the data folder with --data-dir or UNISON_DATA_DIR"
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings. Create them with keyword arguments, or from the environment with `Settings.from_env()`."""

    host: str = _setting("Address that `unison serve` listens on.", "127.0.0.1")
    port: int = _setting("Port that `unison serve` listens on; 0 picks a free one.", 8000, least=0, most=65535)
    uds: str = _setting("Unix socket that `unison serve` listens on, instead of an address and a port.", "")
    uds_mode: str = _setting(
        "Permissions of the Unix socket, in octal. The proxy needs write permission.",
        "660",
        check=(re.compile("0?[0-7]{3}").fullmatch, "permissions such as 660"),
    )
    data_dir: Path = _setting(
        "Folder for the history and the secret. Only one server at a time can use it.", default_factory=default_data_dir
    )
    window_s: float = _setting("Maximum time between two plays that match, in seconds.", 1.0, least=0, most=10)
    lateness_s: float = _setting("How long to wait for late plays before matching, in seconds.", 0.5, least=0, most=5)
    shown_per_s: int = _setting("Connections shown per second, for each filter; 0 shows all.", 4, least=0, most=1000)
    tokens: tuple[str, ...] = _setting(
        "Tokens that may send plays, separated by commas. Without any, the token in the data folder.", ()
    )
    tokens_file: Path | None = _setting("File with more such tokens, one per line; reread when it changes.", None)
    open_ingest: bool = _setting(
        "1 accepts plays from anyone, without a token, unless UNISON_TOKENS or UNISON_TOKENS_FILE is set.", False
    )
    admin_host: str = _setting("Address that the operators' port listens on.", "127.0.0.1")
    admin_port: int | None = _setting(
        "Separate port for /metrics, /status and /api/admin, which then answer only there; 0 picks a free one.",
        None,
        least=0,
        most=65535,
    )
    admin_token: str = _setting(
        "Token for /metrics, /status and /api/admin. Without it and UNISON_ADMIN_PORT, they answer this machine only.",
        "",
    )
    admin_token_file: Path | None = _setting("File that holds UNISON_ADMIN_TOKEN; reread when it changes.", None)
    moderation_file: Path | None = _setting(
        "File that lists what is hidden, one rule per line; reread when it changes. Without it, moderation.txt in the "
        "data folder. With UNISON_BUS, the list is on the bus.",
        None,
    )
    visitor_plays: bool = _setting(
        "1 lets visitors press play on the page's songs, from a city that they choose.", False
    )
    demo: bool = _setting(
        "1 makes visitors' presses simulated plays, which can meet other simulated ones; `unison demo` sets it.", False
    )
    connect: bool = _setting("1 serves /connect, where listeners get a token for their own player.", False)
    privacy_k: int | None = _setting(
        "A city is named only if this many listeners pressed play there within the last hour; 0 names all cities. "
        "If not set: 3 with UNISON_CONNECT=1, else 0.",
        None,
        least=0,
        most=20,
    )
    secret: str = _setting(
        "Key for listener hashes and connection ids. If empty, the server generates one in the data folder. With "
        "UNISON_BUS, all servers need the same.",
        "",
    )
    secret_file: Path | None = _setting("File that holds UNISON_SECRET.", None)
    public_url: str = _setting(
        "Address at which visitors reach this server, such as https://unison.example.org or https://example.org/globe.",
        "",
        check=(
            _URL.fullmatch,
            "an address such as https://unison.example.org or https://example.org/globe",
        ),
    )
    hosts: tuple[str, ...] = _setting(
        "Other host names of this server, separated by commas, with the port if links need it, as in studio.lan:8000.",
        (),
        check=(_all(_HOST), "host names such as studio.lan, or studio.lan:8000 with a port"),
    )
    frame_ancestors: tuple[str, ...] = _setting(
        "Origins whose pages may frame /embed, separated by commas, such as https://example.org; * allows all.",
        ("*",),
        check=(_all(rf"\*|https?://(\*\.)?{_HOST}"), "origins such as https://example.org, or *"),
    )
    history_days: float = _setting("How long connections are kept, in days.", 30.0, least=0)
    history_max_rows: int = _setting("Maximum number of connections that are kept.", 10_000_000, least=0)
    prune_after_s: float = _setting(
        "Old connections are deleted only after the system clock has run this long without being set, in seconds.",
        3600.0,
        least=0,
    )
    search_links: tuple[str, ...] = _setting(
        "Search links on the playlist: name=address with {query}, separated by commas.",
        ("MusicBrainz=https://musicbrainz.org/search?type=recording&query={query}",),
        check=(
            _all(r"[^=]*[^=\s]=https?://[^\s{}]+\{query\}[^\s{}]*"),
            f"links such as Name=https://example.org/?q={QUERY}",
        ),
    )
    listen_links: tuple[str, ...] = _setting(
        "Links to listen to a song: name=https address with {query}, {title} or {artist}, separated by commas.",
        (),
        check=(
            _are_listen_links,
            "links such as Songs=https://songs.example/?q={query}, with a name, https and {query}, {title} or {artist}",
        ),
    )
    shared_max: int = _setting(
        "Maximum number of connections that are kept longer because someone shared them.", 100_000, least=0
    )
    viewers_max: int = _setting(
        "Maximum number of open websockets, shared fairly by address; 503 if there is no place. "
        "Lower if fewer files may be open.",
        20_000,
        least=1,
    )
    viewers_per_address: int = _setting(
        "Maximum number of open websockets per address; another one gets 429. 0 is no limit. Loopback is not counted.",
        0,
        least=0,
    )
    trusted_proxies: tuple[str, ...] = _setting(
        "Networks of proxies whose X-Forwarded-For header gives the visitor's address, such as 10.0.0.0/8.",
        (),
        check=(_are_networks, "IP addresses or networks such as 10.0.0.0/8"),
    )
    location_headers: tuple[str, ...] = _setting(
        "Headers in which trusted proxies say where a visitor is: cloudflare, cloudfront or none; or their names, such"
        " as city=x-city,country=x-country; also region, lat, lon. If empty, whichever of the first two is there.",
        (),
        check=(
            _are_location_headers,
            "cloudflare, cloudfront, none, or pairs such as city=x-geo-city, of city, region, country, lat and lon",
        ),
    )
    city_database: Path | None = _setting(
        "Database of addresses in MaxMind's format, such as DB-IP City Lite, for plays that do not say where they are;"
        " reread when it changes.",
        None,
    )
    filters_max: int = _setting(
        "Maximum number of different filters at once, shared fairly by address; 503 if there is no place.",
        2_000,
        least=0,
    )
    bus: tuple[str, ...] = _setting(
        "NATS servers that several servers of Unison share, separated by commas, such as nats://10.0.0.5:4222. Without"
        " any, this server works alone.",
        (),
        check=(
            _all(rf"(nats|tls)://({_USER}@)?{_HOST}"),
            "addresses such as nats://10.0.0.5:4222 or tls://user:password@nats.example.org:4222",
        ),
    )
    bus_credentials: Path | None = _setting(
        "File by which this server identifies itself to NATS: the seed of an NKey, or credentials with a JWT.", None
    )
    bus_ca: Path | None = _setting(
        "File with the certificates of those who vouch for the NATS servers. If empty, whom this machine trusts.", None
    )
    bus_certificate: Path | None = _setting(
        "File with a certificate and its key, where the NATS servers ask for one.", None
    )
    node: str = _setting(
        "This server's name on the bus. If empty, the machine's name and the data folder's.",
        "",
        check=(re.compile(r"[\w.-]{0,64}").fullmatch, "at most 64 letters, digits, dots, hyphens and underscores"),
    )
    roles: tuple[str, ...] = _setting(
        "What this server of several does, separated by commas: ingest (takes plays in), match, web (all else).",
        ROLES,
        check=(_are_roles, "some of ingest, match and web, separated by commas"),
    )
    log_json: bool = _setting("1 logs each event as one line of JSON, on standard error.", False)
    log_level: str = _setting(
        "Lowest level of events to log: debug, info, warning or error.",
        "info",
        check=(LEVELS.__contains__, f"one of {', '.join(LEVELS)}"),
    )
    log_requests: bool = _setting("1 logs one line for each request, without addresses and queries.", False)
    plays_max: int = _setting(
        "Maximum number of plays waiting to be matched; beyond that, ingest answers 429.", 2_000_000, least=1
    )

    @property
    def listeners_to_name_a_city(self) -> int:
        """UNISON_PRIVACY_K, or what it is where it is not set."""
        if self.privacy_k is not None:
            return self.privacy_k
        return PRIVACY_K if self.connect else 0

    @property
    def shows(self) -> bool:
        """Whether visitors come to this server."""
        return "web" in self.roles

    @property
    def takes_plays(self) -> bool:
        """Whether clients send plays to this server."""
        return "ingest" in self.roles

    @property
    def writes(self) -> bool:
        """Whether plays come in here, those of visitors of the page included."""
        return self.takes_plays or (self.shows and self.visitor_plays)

    @property
    def node_name(self) -> str:
        """UNISON_NODE, or what it is where it is not set."""
        folder = hashlib.blake2b(str(self.data_dir.absolute()).encode(), digest_size=3).hexdigest()
        return self.node or f"{socket.gethostname()[:48]}-{folder}"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **overrides: Any) -> "Settings":
        """Read the `UNISON_*` variables; an override that is not None wins.

        Raises:
            SettingError: values have the wrong type or are out of range; the message has a line for each.
        """
        known = cls._fields_by_variable()
        given = variables.settings_in(environ, known)
        texts = {known[name]: value for name, value in given.items() if value != ""}
        texts |= {name: value for name, value in overrides.items() if value is not None}
        values, errors = {}, []
        for name, text in texts.items():
            try:
                values[name] = _checked(cls, name, text)
            except SettingError as error:
                errors.append(str(error))
        if values.get("bus") and not (values.get("secret") or values.get("secret_file") or _has_secret(values)):
            errors.append("UNISON_BUS needs UNISON_SECRET or UNISON_SECRET_FILE: the same one on all servers")
        if values.get("bus") and values.get("moderation_file"):
            errors.append("UNISON_MODERATION_FILE cannot be used with UNISON_BUS: there, the list is on the bus")
        if not values.get("bus") and set(values.get("roles", ROLES)) != set(ROLES):
            errors.append("UNISON_ROLES needs UNISON_BUS: without other servers, this one has all roles")
        if errors:
            raise SettingError("\n".join(errors))
        return cls(**values)

    @classmethod
    def warnings(cls, environ: Mapping[str, str] = os.environ) -> list[str]:
        """Return a sentence for the operator about each variable that looks like a setting but is ignored."""
        return variables.warnings(environ, cls._fields_by_variable())

    @classmethod
    def _fields_by_variable(cls) -> dict[str, str]:
        return {PREFIX + name.upper(): name for name in cls.__dataclass_fields__}

    @classmethod
    def table(cls) -> list[tuple[str, str, str, str]]:
        """Return rows of (variable, type, default, sentence), in the order of the fields."""
        return [
            (PREFIX + f.name.upper(), _type_name(f.type), _default_text(f), f.metadata["help"]) for f in fields(cls)
        ]


def _has_secret(values: Mapping[str, Any]) -> bool:
    """Return whether the data folder has a secret, as that of a server has that ran without others before."""
    folder = values.get("data_dir")
    return folder is not None and (folder / "secret").is_file()


def wants_json(environ: Mapping[str, str]) -> bool:
    """Return whether to log JSON; it works even if another setting is wrong, so that there are no `Settings`."""
    return _BOOLEANS.get(environ.get(f"{PREFIX}LOG_JSON", "").strip().lower(), False)


def _checked(cls: type[Settings], name: str, value: Any) -> Any:
    """Return an override; parse it like a variable's value if it is text."""
    return _read(cls, name, value) if isinstance(value, str) and value else value


def _read(cls: type[Settings], name: str, text: str) -> Any:
    spec = cls.__dataclass_fields__[name]
    try:
        value = _PARSERS[spec.type](text.strip())
    except RuntimeError as error:
        raise SettingError(
            f"{PREFIX}{name.upper()}={text!r}: expected a folder without ~, because this user has no home folder"
        ) from error
    except ValueError as error:
        raise SettingError(f"{PREFIX}{name.upper()}={text!r}: expected {_type_name(spec.type)}") from error
    least, most = spec.metadata["least"], spec.metadata["most"]
    if isinstance(value, int | float) and not least <= value <= most:
        raise SettingError(f"{PREFIX}{name.upper()}={text!r}: expected {_range_text(least, most)}")
    if (check := spec.metadata["check"]) and not check[0](value):
        shown = re.sub(r"//[^/@]*@", "//...@", text)  # passwords are not for logs
        raise SettingError(f"{PREFIX}{name.upper()}={shown!r}: expected {check[1]}")
    return value


def _boolean(text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise ValueError(text)
    return _BOOLEANS[text.lower()]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for part in text.split(",") if (word := part.strip()))


_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: int,
    int | None: int,
    float: float,
    bool: _boolean,
    Path: lambda text: Path(text).expanduser(),
    Path | None: lambda text: Path(text).expanduser(),
    tuple[str, ...]: _words,
}


def _type_name(kind: Any) -> str:
    names = {
        str: "text",
        int: "whole number",
        int | None: "whole number",
        float: "number",
        bool: "0 or 1",
        Path: "folder",
        Path | None: "file",
    }
    return names.get(kind, "comma-separated list")


def _range_text(least: float, most: float) -> str:
    return f"at least {least:g}" if most == math.inf else f"{least:g} to {most:g}"


def _default_text(spec: Any) -> str:
    if spec.default is None:
        return ""
    if spec.default is MISSING:
        return "~/.local/share/unison"
    if isinstance(spec.default, bool):
        return str(int(spec.default))
    if isinstance(spec.default, int | float):
        return f"{spec.default:g}" if isinstance(spec.default, float) else str(spec.default)
    return ",".join(spec.default) if isinstance(spec.default, tuple) else str(spec.default)
