"""What the worker and the application agree on: keys of a request's environment, and what is read of a refused body."""

DRAINS = "unison.drains"
"""True where the server itself reads what a request's body has left, once the request is answered."""
FRAMING = "unison.framing"
"""Takes how many bytes of the body were read, and returns how many bytes came with them that are not the body's."""
DRAIN_MOST, DRAIN_S = 10 << 20, 5.0
"""Of a body that nobody wanted, bytes and seconds, so that a reset does not cost its sender the answer."""
