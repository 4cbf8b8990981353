"""Progress output: one line rewritten in place on a terminal, a plain line every few seconds elsewhere."""

import shutil
import time
from collections.abc import Callable
from typing import TextIO

TERMINAL_S = 0.1
PLAIN_S = 5.0
BAR_WIDTH = 24


class Display:
    """A progress line on a stream, with messages above it."""

    def __init__(self, stream: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        """Show nothing yet; check once whether the stream is a terminal."""
        self._stream, self._now = stream, now
        self._terminal = stream.isatty()
        self._begun = self._last = now()
        self._shown = ""

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self._now() - self._begun

    def begin(self) -> None:
        """Restart the count of seconds."""
        self._begun = self._last = self._now()

    def say(self, text: str) -> None:
        """Print a message line."""
        self.clear()
        print(text, file=self._stream, flush=True)

    def show(self, text: str, share: float | None) -> None:
        """Show progress, unless it was shown just now; `share` is 0 to 1, and of plays, or None without an end."""
        if self._now() - self._last >= (TERMINAL_S if self._terminal else PLAIN_S):
            self._last = self._now()
            self._show(text, share)

    def _show(self, text: str, share: float | None) -> None:
        done = "" if share is None else f"{min(share, 1.0):4.0%} of plays "
        if not self._terminal:
            self.say(f"{done}{clock_text(self.seconds)} {text}")
            return
        self._shown = f"{bar(share, self.seconds)} {done}{clock_text(self.seconds)} {text}"
        width = shutil.get_terminal_size().columns - 1
        if len(self._shown) > width:  # the numbers matter more than the bar
            self._shown = f"{done}{clock_text(self.seconds)} {text}"[:width]
        print(f"\r\x1b[K{self._shown}", end="", file=self._stream, flush=True)

    def clear(self) -> None:
        """Erase the progress line."""
        if self._shown:
            print("\r\x1b[K", end="", file=self._stream, flush=True)
            self._shown = ""


def bar(share: float | None, seconds: float) -> str:
    """Return a progress bar; without an end, a mark that crosses it in BAR_WIDTH seconds."""
    if share is None:
        at = int(seconds) % BAR_WIDTH
        return f"[{'-' * at}#{'-' * (BAR_WIDTH - 1 - at)}]"
    full = round(min(share, 1.0) * BAR_WIDTH)
    return f"[{'#' * full}{'-' * (BAR_WIDTH - full)}]"


def clock_text(seconds: float) -> str:
    """Return seconds as 0:07, 12:00 or 3:00:00."""
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
