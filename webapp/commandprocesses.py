"""Processes that a command starts and ends: `unison` commands, and others."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence

READY = re.compile(r"\bUnison is on (http[^\s\"]+)")
"""Printed by a server once it answers, as text or in a line of JSON."""
GRACE_S = 10.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h

Environment = dict[str, str]


async def start(
    command: Sequence[str], env: Environment | None = None, *, stdout: int | None = None
) -> asyncio.subprocess.Process:
    """Start a command that Ctrl-C does not reach: this process ends its children, in order."""
    return await asyncio.create_subprocess_exec(
        *command,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        start_new_session=True,
        preexec_fn=_end_with_parent(),
    )


async def start_unison(
    arguments: Sequence[str], env: Environment, *, stdout: int | None = None
) -> asyncio.subprocess.Process:
    """Start a `unison` command likewise."""
    # -P: ignore a folder named webapp in the current folder
    return await start([sys.executable, "-P", "-m", "webapp", *arguments], env, stdout=stdout)


def _end_with_parent() -> Callable[[], None] | None:
    """Return a function for the child: on Linux the kernel then ends it when this process dies. None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork, after which few calls are safe
    return lambda: prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))


async def end(child: asyncio.subprocess.Process, grace_s: float = GRACE_S) -> None:
    """Terminate a child, wait, then kill it and all processes that it started."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(child.wait(), grace_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.wait()
