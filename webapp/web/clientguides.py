"""How to point each player at this server: what the page at /connect shows, and what docs/clients.md says.

A field's or a file's text has values in braces:
{base} is the server's address, {origin} the same without a path, {address} without its scheme, {plain} as host:port
for plain http; {token} is the listener's token, and {user} its id, for players that want a user name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from webapp.web.languages import sentence

Need = Literal["http", "https", "no_path"]

OPEN = sentence("Open {place}.")
TURN_ON = sentence("Turn on {option}.")
ADD = sentence("Add a service: {option}.")
EDIT = sentence("Put this into {file}:")
SERVER = sentence("Whoever runs {place} sets this, and restarts it:")
RUN = sentence("Run this command, and paste the token when it asks:")
VARIABLES = sentence("Set these variables:")
ALLOW = sentence("Run this command, and allow it on the page that opens:")
VERIFY = sentence("Press {option}.")
SPEAKS = sentence("If the app speaks {option}, put this into its settings:")

POLLS = sentence("It asks players only every few seconds, so its plays are counted but not drawn.")
UNENCRYPTED = sentence("It sends without encryption, so others in your network could read your token.")
NEEDS: Mapping[Need, str] = {
    "http": sentence("It sends over plain http only, and this server's address is https. Ask whoever runs the server."),
    "https": sentence("It sends over https only, and this server's address is http."),
    "no_path": sentence("It can't use an address with a path, and this server's has one."),
}
"""What a player needs of the server's address, and what to say where it does not have that."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do.

    Attributes:
        does: a sentence; {place}, {option} or {file} stands for `names`.
        names: what the player calls it, in English.
        fields: labels of the player's fields, and what to put into each.
        text: lines of a file, or a command.
    """

    does: str
    names: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """How to set one player up.

    Attributes:
        id: in addresses and ids.
        name: of the player.
        agent: what the player calls itself; it has the player's class in `webapp.core.precision`.
        steps: in their order.
        needs: what it needs of the server's address.
        notes: more sentences.
        is_one: whether it is one player, so that its name is the same in every language.
    """

    id: str
    name: str
    agent: str
    steps: tuple[Step, ...]
    needs: tuple[Need, ...] = ()
    notes: tuple[str, ...] = ()
    is_one: bool = True


GUIDES = (
    Guide(
        "navidrome",
        "Navidrome",
        "Navidrome",
        (
            Step(SERVER, "Navidrome", text="ND_LISTENBRAINZ_BASEURL={base}/1/"),
            Step(OPEN, "Personal"),
            Step(TURN_ON, "Scrobble to ListenBrainz", (("ListenBrainz user token", "{token}"),)),
        ),
    ),
    Guide(
        "jellyfin",
        "Jellyfin",
        "Jellyfin",
        (
            Step(
                OPEN,
                "Plugins › ListenBrainz › Settings › General",
                (("ListenBrainz API URL", "{base}"), ("ListenBrainz API token", "{token}")),
            ),
            Step(VERIFY, "Verify"),
        ),
    ),
    Guide(
        "pano-scrobbler",
        "Pano Scrobbler",
        "Pano Scrobbler",
        (Step(ADD, "ListenBrainz-like instance", (("API URL", "{base}"), ("Authentication token", "{token}"))),),
    ),
    Guide(
        "web-scrobbler",
        "Web Scrobbler",
        "Web Scrobbler",
        (
            Step(OPEN, "Options › Accounts › ListenBrainz"),
            Step(TURN_ON, "Use local instance", (("API URL", "{base}/1/submit-listens"), ("Token", "{token}"))),
        ),
    ),
    Guide(
        "music-assistant",
        "Music Assistant",
        "Music Assistant",
        (Step(OPEN, "Settings › Providers › ListenBrainz", (("Base URL", "{origin}"), ("User Token", "{token}"))),),
        ("no_path",),
        (POLLS,),
    ),
    Guide(
        "mpdscribble",
        "mpdscribble",
        "mpdscribble",
        (Step(EDIT, "mpdscribble.conf", text="[unison]\nurl = {base}/\nusername = {user}\npassword = {token}"),),
    ),
    Guide(
        "vlc",
        "VLC",
        "VLC",
        (
            Step(OPEN, "Preferences › Show settings: All › Interface › Control interfaces"),
            Step(TURN_ON, "Audioscrobbler (Submission of played songs to last.fm)"),
            Step(
                OPEN,
                "Control interfaces › Audioscrobbler",
                (("Username", "{user}"), ("Password", "{token}"), ("Scrobbler URL", "{plain}")),
            ),
        ),
        ("http", "no_path"),
        (UNENCRYPTED,),
    ),
    Guide(
        "foobar2000",
        "foobar2000",
        "foobar2000 foo_listenbrainz2",
        (
            Step(
                OPEN,
                "Preferences › Tools › ListenBrainz 2",
                (("API URL", "{base}/1/submit-listens"), ("User Token", "{token}")),
            ),
        ),
    ),
    Guide(
        "quod-libet",
        "Quod Libet",
        "Quod Libet",
        (
            Step(OPEN, "File › Plugins"),
            Step(
                TURN_ON,
                "AudioScrobbler Submission",
                (("Service", "Other…"), ("URL", "{base}"), ("User name", "{user}"), ("Password", "{token}")),
            ),
            Step(VERIFY, "Verify account data"),
        ),
    ),
    Guide(
        "mopidy",
        "Mopidy",
        "Mopidy",
        (Step(EDIT, "mopidy.conf", text="[listenbrainz]\nenabled = true\nurl = {address}\ntoken = {token}"),),
        ("https",),
    ),
    Guide(
        "multi-scrobbler",
        "multi-scrobbler",
        "multi-scrobbler",
        (Step(VARIABLES, text="LZ_URL={base}\nLZ_TOKEN={token}\nLZ_USER={user}"),),
        notes=(POLLS,),
    ),
    Guide(
        "rescrobbled",
        "rescrobbled",
        "rescrobbled",
        (Step(EDIT, "config.toml", text='[[listenbrainz]]\nurl = "{base}/1/"\ntoken = "{token}"'),),
    ),
    Guide(
        "listenbrainz-mpd",
        "listenbrainz-mpd",
        "listenbrainz-mpd",
        (Step(EDIT, "config.toml", text='[submission]\napi_url = "{base}"\ntoken = "{token}"'),),
    ),
    Guide(
        "mpris-scrobbler",
        "mpris-scrobbler",
        "mpris-scrobbler",
        (Step(RUN, fields=(("$", "mpris-scrobbler-signon --url {base} token listenbrainz"), ("Token", "{token}"))),),
    ),
    Guide(
        "deadbeef",
        "DeaDBeeF",
        "DeaDBeeF",
        (
            Step(
                OPEN,
                "Preferences › Plugins › last.fm scrobbler",
                (("Username", "{user}"), ("Password", "{token}"), ("Scrobble URL", "{base}")),
            ),
            Step(TURN_ON, "Enable scrobbler"),
        ),
    ),
    Guide(
        "cmusfm",
        "cmus (cmusfm)",
        "cmusfm",
        (
            Step(EDIT, "cmusfm.conf", text='service-api-url = "{base}/2.0/"\nservice-auth-url = "{base}/api/auth"'),
            Step(ALLOW, fields=(("$", "cmusfm init"), ("Token", "{token}"))),
        ),
    ),
    Guide(
        "another-app",
        sentence("Another app"),
        "",
        (
            Step(SPEAKS, "ListenBrainz", (("API URL", "{base}/1/"), ("Token", "{token}"))),
            Step(SPEAKS, "Last.fm", (("API URL", "{base}/2.0/"), ("User name", "{user}"), ("Password", "{token}"))),
            Step(SPEAKS, "Audioscrobbler 1.2", (("URL", "{base}/"), ("User name", "{user}"), ("Password", "{token}"))),
        ),
        notes=(sentence("Look in its settings for scrobbling. It needs a field for the server's address."),),
        is_one=False,
    ),
)
"""All players that can be pointed at another server, and last what fits any other."""
FIXED = ("Rhythmbox", "Strawberry", "Audacious", "mpdas")
"""Players whose addresses are fixed."""


def values(base: str, token: str, user: str) -> dict[str, str]:
    """Return the values of a server's address, a token and its id, by their names in a guide's texts."""
    parts = urlsplit(base.rstrip("/"))
    return {
        "base": base.rstrip("/"),
        "origin": f"{parts.scheme}://{parts.netloc}",
        "address": f"{parts.netloc}{parts.path}",
        "plain": f"{parts.netloc.removesuffix(f':{parts.port}')}:{_plain_port(parts)}",
        "token": token,
        "user": user,
    }


def _plain_port(address: SplitResult) -> int:
    """Return the port of plain http: the usual one where the address is https."""
    return (address.scheme == "http" and address.port) or 80


def filled(text: str, given: Mapping[str, str]) -> str:
    """Return a guide's text with its values; other braces stay."""
    for name, value in given.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def fits(need: Need, base: str) -> bool:
    """Tell whether a server's address has what a player needs."""
    parts = urlsplit(base)
    return not parts.path.strip("/") if need == "no_path" else parts.scheme == need
