"""All images of an application: drawn in a separate process, and cached."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from webapp.engine.childprocess import Child
from webapp.graphics.cards import VERSION
from webapp.graphics.imagecache import ImageCache
from webapp.graphics.renderer import Job, Picture, Renderer

CODES_BYTES = 4 << 20


class Images:
    """Draws images and caches them. Thread-safe.

    QR codes have a separate cache and queue: anybody can request codes for many addresses, and these must not delay
    the pictures of moments.
    """

    def __init__(self) -> None:
        self._renderer, self._pictures, self._codes = Renderer(), ImageCache(), ImageCache(CODES_BYTES)

    @property
    def children(self) -> Sequence[Child[Picture]]:
        """The process that draws."""
        return self._renderer.children

    @property
    def waiting(self) -> int:
        """How many images wait to be drawn."""
        return self._pictures.waiting + self._codes.waiting

    @property
    def refused(self) -> int:
        """How many images were refused so far because too many waited."""
        return self._pictures.refused + self._codes.refused

    def get(self, job: Job) -> bytes | None:
        """Return an image if it is cached, or None."""
        return self._cache(job).get(key(job))

    def get_or_draw(self, job: Job) -> bytes:
        """Return an image; draw it if it is not cached.

        Raises:
            TooManyImages: too many wait to be drawn.
            OSError: it could not be drawn.
        """
        return self._cache(job).get_or_draw(key(job), lambda: self._renderer.render(job))

    def _cache(self, job: Job) -> ImageCache:
        return self._codes if job.address else self._pictures

    def stop(self) -> None:
        """End the process that draws."""
        self._renderer.stop()


def key(job: Job) -> str:
    """Return a hash that identifies an image and its version."""
    return blake2b(msgspec.msgpack.encode((VERSION, job)), digest_size=16).hexdigest()
