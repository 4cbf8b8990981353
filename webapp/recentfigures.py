"""What the server did in the last minutes, for /status: bounded, and only in memory. Sans-I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

STEP_S = 5.0
SPAN_S = 900.0

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """The highest values of one step, and when it ended, in seconds of a clock that is never set."""

    ended_s: float
    highest: Figures


class RecentFigures:
    """Keeps the highest value of each figure for each step of the last minutes, so that no peak between steps is lost.

    Args:
        read: returns the figures of now.
        steady: tells seconds that nobody sets.
    """

    def __init__(self, read: Callable[[], Figures], steady: Callable[[], float]) -> None:
        self._read, self._steady = read, steady
        self._samples: deque[Sample] = deque(maxlen=int(SPAN_S / STEP_S))
        self._began_s = steady()
        self._highest: dict[str, float] = {}

    def look(self) -> None:
        """Read the figures, and close the step if it is over; call it several times in each step."""
        now_s = self._steady()
        if now_s - self._began_s >= STEP_S:
            if self._highest:
                self._samples.append(Sample(now_s, self._highest))
            self._began_s, self._highest = now_s, {}
        for name, value in self._read().items():
            self._highest[name] = max(value, self._highest.get(name, value))

    def columns(self) -> dict[str, list[float]]:
        """Return each figure's values, oldest first, the last of now, and `ago_s`, how many seconds ago each was."""
        now_s = self._steady()
        self._highest |= {name: max(value, self._highest.get(name, value)) for name, value in self._read().items()}
        highest = dict(self._highest)
        samples = [*(sample for sample in self._samples if now_s - sample.ended_s < SPAN_S), Sample(now_s, highest)]
        columns = {name: [round(sample.highest[name], 3) for sample in samples] for name in highest}
        return {"ago_s": [round(now_s - sample.ended_s, 1) for sample in samples], **columns}
