"""What the worker tells the application in a request's environment."""

DRAINS = "unison.drains"
"""True where the server itself reads what a request's body has left, once the request is answered."""
FRAMING = "unison.framing"
"""Takes how many bytes of the body were read, and returns how many bytes came with them that are not the body's."""
