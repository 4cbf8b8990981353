"""The watermark of a log that several nodes write to: no play that was in time is missing before it.

Each message carries its node's mark: the earliest arrival among the plays that the node took and that the log lacks, or
else the node's clock. So what a node takes later has a later arrival than its mark. The watermark is the least
mark of the nodes that are in. It is a function of the log alone: time is that of the log's own stamps.
"""

from __future__ import annotations

import msgspec

SILENT_MS = 3_000
"""A node without a mark that counts for so long is out, until its next one."""
PAUSE_MS = 1_000
"""If the whole log has no message for so long, that is nobody's silence."""
MARK_OFF_MS = 2_000
"""A mark that is farther from the log's time does not count: the node's clock is wrong, or its message came late."""
CLOCK_OFF_MS = 100
"""Clocks that are so far apart are told to operators; it is more than a message takes."""
FORGET_MS = 600_000
"""A silent node is named for so long."""


class Node(msgspec.Struct, array_like=True):
    """What a node said last.

    Attributes:
        mark_ms: its mark that counts.
        heard_ms: when it came, on the clock that stands still in pauses.
    """

    mark_ms: int
    heard_ms: int


class Marks(msgspec.Struct, array_like=True):
    """The marks of all nodes. Give it every message of the log, in order.

    Attributes:
        nodes: by name.
        watermark_ms: no play that arrives at a node in time for it is missing; 0 before the first mark.
        log_ms: the newest time stamp.
        awake_ms: the time that passed without the log's pauses.
    """

    nodes: dict[str, Node] = {}
    watermark_ms: int = 0
    log_ms: int = 0
    awake_ms: int = 0

    def take(self, log_ms: int, node: str, mark_ms: int, *, gone: bool = False) -> None:
        """Take in a message.

        Args:
            log_ms: the log's time stamp, epoch milliseconds.
            node: who wrote it.
            mark_ms: its mark.
            gone: whether the node stops.
        """
        self._pass_time(log_ms)
        if gone:
            self.nodes.pop(node, None)
        elif abs(mark_ms - log_ms) <= MARK_OFF_MS:
            known = self.nodes.get(node)
            self.nodes[node] = Node(max(known.mark_ms if known else 0, mark_ms), self.awake_ms)
        self._move_on()

    @property
    def silent(self) -> list[str]:
        """The names of the nodes that were not heard for long; their plays may be late."""
        return sorted(name for name, node in self.nodes.items() if self._is_silent(node))

    def _pass_time(self, log_ms: int) -> None:
        passed_ms = max(0, log_ms - self.log_ms)
        if passed_ms < PAUSE_MS:
            self.awake_ms += passed_ms
        self.log_ms += passed_ms

    def _is_silent(self, node: Node) -> bool:
        return self.awake_ms - node.heard_ms > SILENT_MS

    def _move_on(self) -> None:
        for name in [name for name, node in self.nodes.items() if self.awake_ms - node.heard_ms > FORGET_MS]:
            del self.nodes[name]
        marks = [node.mark_ms for node in self.nodes.values() if not self._is_silent(node)]
        self.watermark_ms = max(self.watermark_ms, min(marks, default=0))
