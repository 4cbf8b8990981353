"""State, processor time and memory of a process, as Linux tells them; see proc_pid_stat(5)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STATE, _UTIME, _STIME, _RSS = 0, 11, 12, 21
"""Positions after the name of the program, which may hold spaces."""


class Usage(NamedTuple):
    """What a process does and uses: its state, a letter; processor time so far, seconds; resident memory, bytes."""

    state: str
    cpu_s: float
    resident_bytes: int


def usage(pid: int) -> Usage | None:
    """Look at a process now; None where it is gone, or the kernel does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        cpu_ticks = int(fields[_UTIME]) + int(fields[_STIME])
        return Usage(fields[_STATE], cpu_ticks / _TICKS_PER_S, int(fields[_RSS]) * _PAGE_BYTES)
    except (OSError, IndexError, ValueError):
        return None
