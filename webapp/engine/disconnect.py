"""Why viewers are closed: one value for each way in which that happens."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wsproto.frame_protocol import CloseReason


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Why a viewer is closed.

    Attributes:
        code: of the close frame; 1006 where none is sent.
        reason: text of the close frame, at most 123 bytes.
        metric: the `reason` label of `unison_viewers_dropped_total`; empty for a clean end, which it does not count.
        meaning: what that label means.
    """

    code: int
    reason: str = ""
    metric: str = ""
    meaning: str = ""


SLOW = Disconnect(CloseReason.TRY_AGAIN_LATER, "", "slow", "its queue was full")
STALLED = Disconnect(CloseReason.TRY_AGAIN_LATER, "", "stalled", "its socket took nothing until the write deadline")
SILENT = Disconnect(CloseReason.ABNORMAL_CLOSURE, "", "silent", "it did not answer a ping")
PROTOCOL = Disconnect(CloseReason.PROTOCOL_ERROR, "", "protocol", "it sent bytes that are no websocket frames")
FLOOD = Disconnect(CloseReason.POLICY_VIOLATION, "a viewer has nothing to send", "flood", "it sent too much")
LOST = Disconnect(CloseReason.ABNORMAL_CLOSURE, "", "lost", "the connection broke, or ended without a close frame")
FAILED = Disconnect(CloseReason.INTERNAL_ERROR, "", "failed", "the server failed to serve it")

DISMISSED = Disconnect(CloseReason.GOING_AWAY)
TOO_MANY_VIEWERS = Disconnect(CloseReason.TRY_AGAIN_LATER, "too many viewers")
TOO_MANY_FILTERS = Disconnect(CloseReason.TRY_AGAIN_LATER, "too many filters")
TOO_FAR_BEHIND = Disconnect(CloseReason.TRY_AGAIN_LATER, "too far behind")
CANNOT_JOIN = Disconnect(CloseReason.INTERNAL_ERROR)

COUNTED = {each.metric: each for each in (SLOW, STALLED, SILENT, PROTOCOL, FLOOD, LOST, FAILED)}
"""What `unison_viewers_dropped_total` counts, by label."""


def protocol_violation(code: int, reason: str) -> Disconnect:
    """Return why a client is closed that sent what the protocol forbids."""
    return replace(PROTOCOL, code=code, reason=reason)


def closed_by_client(code: int) -> Disconnect:
    """Return why a client is closed that sent a close frame: it gets its own code back."""
    return Disconnect(code)
