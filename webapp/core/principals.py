"""Who sends plays: what a token stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["listener", "service"]
"""A listener's token plays for one listener. A service's token sends plays of many, each with its own listener."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a token stands for.

    Attributes:
        id: the token's public name; it opens nothing.
        scope: see `Scope`.
        city: the GeoNames id of the city that its owner chose; None if none was.
        per_minute: how many requests it may send in a minute.
        created_s: epoch seconds.
    """

    id: str
    scope: Scope
    city: int | None
    per_minute: int
    created_s: float

    @property
    def listener(self) -> str:
        """The opaque id of its listener, as in a play."""
        return f"token {self.id}"
