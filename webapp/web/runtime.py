"""What a request may use: the application's parts, and a way to keep slow calls off the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from flask import current_app
from gevent import get_hub, monkey

if TYPE_CHECKING:
    from webapp.app import Unison

P = ParamSpec("P")
T = TypeVar("T")


def unison() -> Unison:
    """Return the parts of the application that handles this request."""
    return cast("Unison", current_app.extensions["unison"])


def offload(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a blocking function: in gevent's threadpool under a gevent server, in place under a threaded one."""
    if not monkey.is_module_patched("threading"):
        return function(*args, **kwargs)
    result, error = get_hub().threadpool.apply(_outcome, (function, args, kwargs))
    if error is not None:
        raise error
    return cast(T, result)


def _outcome(function: Callable[..., T], args: Any, kwargs: Any) -> tuple[T | None, Exception | None]:
    """Return what a call gave or raised: of what is raised in its threadpool gevent prints a traceback, always."""
    try:
        return function(*args, **kwargs), None
    except Exception as error:
        return None, error
