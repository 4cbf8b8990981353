"""Gives templates `sleeve()`, the drawing that stands for a song."""

from functools import lru_cache

from flask import Flask
from markupsafe import Markup

from webapp.graphics.sleeves import sleeve_svg

CACHED = 1024
"""Sleeves that are remembered, of about 2 KB each."""


def init_app(app: Flask) -> None:
    """Give this application's templates `sleeve(track_id, size)`."""
    app.add_template_global(_sleeve, "sleeve")


@lru_cache(CACHED)
def _sleeve(track_id: str, size: int) -> Markup:
    return Markup(sleeve_svg(track_id, size))
