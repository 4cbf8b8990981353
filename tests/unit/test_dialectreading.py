from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit import dialect_world
from webapp.ingest.submissions import Call, Reply, Request
from webapp.web import dialectreading
from webapp.web.dialectreading import LARGE, DialectReader


class Reading:
    """A dialect that notes how it is asked to read."""

    name, body_most = "reading", 1 << 20

    def read(self, request: Request) -> Call | Reply:
        return Call("look_up", None, about=len(request.body))


@pytest.mark.parametrize(("size", "is_elsewhere"), [(0, False), (LARGE - 1, False), (LARGE, True)])
def test_only_a_large_body_is_read_in_a_worker_thread(
    monkeypatch: pytest.MonkeyPatch, size: int, is_elsewhere: bool
) -> None:
    elsewhere: list[Any] = []

    def noted(function: Callable[..., Any], *args: Any) -> Any:
        elsewhere.append(function)
        return function(*args)

    monkeypatch.setattr(dialectreading, "offload", noted)
    dialect: Any = Reading()
    read = DialectReader().read(dialect, dialect_world.request(body=b" " * size))
    assert isinstance(read, Call)
    assert (read.about, bool(elsewhere)) == (size, is_elsewhere)
