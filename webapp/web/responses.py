"""What answers with a page have in common."""

from flask import Response, make_response, request

from webapp.web import languages


def localised(html: str) -> Response:
    """Return a page in the visitor's language, to be finished by who sends it."""
    response = make_response(html)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept-Language"
    response.content_language.add(languages.language().replace("_", "-"))
    return response


def page_response(html: str) -> Response:
    """Answer with a page in the visitor's language; a browser that has it is told so."""
    response = localised(html)
    response.add_etag()
    response.make_conditional(request)
    return response
