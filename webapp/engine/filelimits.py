"""Open files: how many this process may have, and who may have how many of them."""

from __future__ import annotations

import resource
import sys

RESERVED = 80
"""For the history, child processes and their like, and a connection of a viewer that is taken over has two files."""
CLIENTS_MOST = 8_192


def raise_file_limit() -> int:
    """Raise the limit of open files to the hard one, as every viewer takes one, and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return file_limit()


def file_limit() -> int:
    """Return how many files this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def room_for_clients(files: int) -> int:
    """Return how many HTTP connections may be open at so many files: a quarter of those that are free."""
    return max(1, min(CLIENTS_MOST, (files - RESERVED) // 4))


def room_for_viewers(files: int) -> int:
    """Return how many viewers there may be at so many files: what the others leave."""
    return max(1, files - RESERVED - room_for_clients(files))
