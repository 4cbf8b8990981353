"""A way to keep slow calls off the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from gevent import Greenlet, get_hub, getcurrent, monkey

P = ParamSpec("P")
T = TypeVar("T")


def offload(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a blocking function: in gevent's threadpool on the event loop, in place in a thread of a threaded server."""
    if not monkey.is_module_patched("threading") and not isinstance(getcurrent(), Greenlet):
        return function(*args, **kwargs)
    result, error = get_hub().threadpool.apply(_outcome, (function, args, kwargs))
    if error is not None:
        raise error
    return cast(T, result)


def _outcome(function: Callable[..., T], args: Any, kwargs: Any) -> tuple[T | None, Exception | None]:
    """Return what a call returned or raised: gevent prints a traceback of all that is raised in its threadpool."""
    try:
        return function(*args, **kwargs), None
    except Exception as error:
        return None, error
