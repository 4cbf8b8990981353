"""Keys of the WSGI environment between worker and application, and the limits for discarding an unread body."""

DRAINS = "unison.drains"
"""True if the server itself reads the rest of a request's body after the answer."""
BUFFERED = "unison.buffered"
"""A function that returns how many bytes of a request's body were received but not read yet."""
FRAMING = "unison.framing"
"""A function that returns how many received bytes are framing, given how many bytes of the body were read."""
MAX_DRAIN, DRAIN_S = 10 << 20, 5.0
"""Most bytes and seconds spent on discarding an unread body; without that, a reset could lose the answer."""
