"""What answers with a page have in common."""

from flask import Response, make_response, request

from webapp import languages


def page_response(html: str) -> Response:
    """Answer with a page in the visitor's language; a browser that has it is told so."""
    response = make_response(html)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept-Language"
    response.content_language.add(languages.language().replace("_", "-"))
    response.add_etag()
    response.make_conditional(request)
    return response
