from __future__ import annotations

from collections.abc import Callable

import pytest
from bench.soak import DRAWN_LEAST, soak

from tests.browser.conftest import Visit
from tests.serving import Server

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]


@pytest.mark.long
@pytest.mark.parametrize("seconds", [7, 20])
def test_heavy_traffic_leaves_the_page_as_small_as_it_was(
    server: Server, visit: Callable[..., Visit], seconds: float
) -> None:
    visitor = visit(viewport={"width": 480, "height": 360})  # few pixels: it is about objects
    sizes = []
    for size, sent, drawn in soak(visitor.page, server.url, seconds=seconds, times=3, rate=24):
        sizes.append(size)
        assert drawn >= DRAWN_LEAST * sent
    assert sizes[-1].grown(sizes[0]) == []
    assert visitor.errors == []
