"""What a request may use: the application's parts, and a way to keep slow calls off the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

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
    if monkey.is_module_patched("threading"):
        return get_hub().threadpool.apply(function, args, kwargs)
    return function(*args, **kwargs)
