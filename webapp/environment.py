"""Environment variables that look like settings but are not: misspelt ones, and those that Kubernetes sets."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

PREFIX = "UNISON_"
OTHERS = frozenset({"UNISON_TOKEN"})
"""Variables that are not the server's: the token that `unison seed` sends."""

# https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
# A service named unison gives each container UNISON_SERVICE_HOST and UNISON_PORT, one named unison-admin
# UNISON_ADMIN_SERVICE_HOST and UNISON_ADMIN_PORT, and so on.
_SERVICE = re.compile(r"UNISON_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")
_PORT = re.compile(r"UNISON_([A-Z0-9_]+_)?PORT")
_PORT_VALUE = re.compile(r"(tcp|udp|sctp)://\S+")


def is_of_kubernetes(name: str, value: str) -> bool:
    """Return whether Kubernetes set a variable for a service; for UNISON_..._PORT the value decides."""
    return bool(_SERVICE.fullmatch(name) or (_PORT.fullmatch(name) and _PORT_VALUE.fullmatch(value)))


def settings_in(environ: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """Return the variables that are settings: their names are known, and Kubernetes did not set them."""
    return {name: environ[name] for name in known if name in environ and not is_of_kubernetes(name, environ[name])}


def warnings(environ: Mapping[str, str], known: Collection[str]) -> list[str]:
    """Return a sentence for each variable that looks like a setting but is not, and one for those of Kubernetes."""
    ours = sorted(name for name in environ if name.startswith(PREFIX))
    set_by_kubernetes = [name for name in ours if is_of_kubernetes(name, environ[name])]
    unknown = [name for name in ours if name not in {*known, *OTHERS, *set_by_kubernetes}]
    sentences = [_unknown(name, known) for name in unknown]
    if set_by_kubernetes:
        names = ", ".join(set_by_kubernetes)
        sentences.append(f"ignored, because Kubernetes sets these variables to describe services: {names}")
    return sentences


def _unknown(name: str, known: Collection[str]) -> str:
    suffixes = sorted(each.removeprefix(PREFIX) for each in {*known, *OTHERS})
    nearest = get_close_matches(name.removeprefix(PREFIX), suffixes, n=1)
    advice = f"did you mean {PREFIX}{nearest[0]}?" if nearest else "`unison settings` lists the settings"
    return f"{name} is not a setting; {advice}"
