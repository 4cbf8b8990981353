"""Sentences about what is wrong with the file of accounts, and what to do."""

from __future__ import annotations

from pathlib import Path

from webapp.storage.accountsfile import is_damaged

_BEGIN_ANEW = "stop the server and move that file elsewhere to begin without tokens"


def other_secret(path: Path) -> str:
    """Say that the tokens were made with another secret."""
    return (
        f"the server's secret is not the one that the tokens in {path} were made with, so no token can be made, and "
        "clients that log in with a user name are refused; bring that secret back (UNISON_SECRET, UNISON_SECRET_FILE, "
        f"or the file `secret` beside it), or {_BEGIN_ANEW}"
    )


OTHER_SECRET_OF_BUS = (
    "the server's secret is not the one that the tokens on the bus were made with, so no token can be made, and "
    "clients that log in with a user name are refused; bring that secret back on all servers, or revoke all tokens"
)
BUS_AWAY = "the bus cannot be reached; tokens work as they did, and none can be made or deleted"


def moved(path: Path) -> str:
    """Say that the file is gone while the server runs."""
    return (
        f"the accounts {path} were moved or deleted while in use; put them back, or restart the server to begin "
        "without tokens; until then, the tokens that were there still work"
    )


def failed(path: Path, error: Exception, *, has_tokens: bool) -> str:
    """Say that the file cannot be used because of an error.

    Args:
        path: the file.
        error: what happened.
        has_tokens: whether tokens were read before.
    """
    state = "the tokens that were read before work until the server stops" if has_tokens else "no token works"
    if not is_damaged(error):
        return f"the accounts {path} cannot be read or written ({error})" + ("" if has_tokens else f", and {state}")
    return f"the accounts {path} are damaged ({error}), and {state}; restore a backup, or {_BEGIN_ANEW}"
