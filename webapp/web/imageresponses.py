"""Answers with an image: bounded by address, and drawn only where the browser does not have it."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from webapp.config import Settings
from webapp.graphics.imagecache import TooManyImages
from webapp.graphics.images import Images, key
from webapp.graphics.renderer import Job
from webapp.web.clientaddress import client_address
from webapp.web.ratelimits import Rate, RateLimits

PNG, SVG = "image/png", "image/svg+xml"
AGAIN_S = 2
IMAGES = Rate(burst=60, per_s=1.0)
"""Images that are drawn, for one address. Images that are kept do not count."""
IMAGES_OF_ALL = Rate(burst=200, per_s=50.0)


class ImageResponses:
    """Answers with images of an application.

    Args:
        settings: the server's.
        images: draws them.
    """

    def __init__(self, settings: Settings, images: Images) -> None:
        self._settings, self._images = settings, images
        self._rates = RateLimits(IMAGES_OF_ALL, IMAGES)

    def response(self, job: Job, cache_control: str) -> Response:
        """Return an image; a browser that has it is told so, without its being drawn."""
        response = Response(content_type=SVG if job.kind.endswith(".svg") else PNG)
        response.headers["Cache-Control"] = cache_control
        response.set_etag(key(job))
        response.make_conditional(request)
        if response.status_code == HTTPStatus.OK:
            response.data = self._drawn(job)
        return response

    def _drawn(self, job: Job) -> bytes:
        if (found := self._images.get(job)) is not None:
            return found
        if wait_s := self._rates.spend(client_address(request, self._settings)):
            raise TooManyRequests("too many pictures are being asked for; come again", retry_after=wait_s)
        try:
            return self._images.get_or_draw(job)
        except TooManyImages as error:
            raise ServiceUnavailable("too many pictures are being drawn; come again", retry_after=AGAIN_S) from error
        except OSError as error:
            raise ServiceUnavailable("the picture could not be drawn; come again", retry_after=AGAIN_S) from error
