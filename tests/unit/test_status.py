"""The page at /status: what it plots of the last 15 minutes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import pytest
from flask.testing import FlaskClient

from webapp.recentfigures import RecentFigures
from webapp.services import Services
from webapp.web.status import HEIGHT, PLOTTED, WIDTH


class Plot(NamedTuple):
    """A plot of the page: the number of now, the points of its line, and its peak."""

    now: str
    points: list[tuple[float, float]]
    peak: str


@pytest.fixture
def client(services: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client of an application whose event loop is the caller's thread."""

    def call(function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)

    monkeypatch.setattr(services.loop, "call", call)
    return client


def plots(page: str) -> dict[str, Plot]:
    pattern = r"<figcaption>(.*?)</.*?<output.*?>(.*?)</.*?points=\"(.*?)\".*?<small>(.*?)</"
    return {
        name: Plot(now, [cast(Any, tuple(map(float, point.split(",")))) for point in points.split()], peak)
        for name, now, points, peak in re.findall(pattern, page, re.DOTALL)
    }


def test_it_plots_viewers_plays_connections_and_lag(client: FlaskClient) -> None:
    shown = plots(client.get("/status").text)
    assert list(shown) == ["Viewers", "Plays per second", "Connections, last 10 s", "Matching lag"]
    assert all(plot.points for plot in shown.values())


def test_the_line_of_lag_rises_to_its_peak_and_falls_again() -> None:
    now_s, read = 0.0, {"lag_s": 0.0}
    recent = RecentFigures(lambda: read, lambda: now_s)
    for lag_s in (0.0, 0.0, 1.5, 0.5):
        read = {"lag_s": lag_s}
        for _ in range(60):
            now_s += 5
            recent.look()
    (lag,) = (figure for figure in PLOTTED if figure.name == "Matching lag")
    points = [tuple(map(float, point.split(","))) for point in lag.points({"recent": recent.columns()}).split()]
    assert lag.peak({"recent": recent.columns()}) == "1.5 s"
    assert lag.text({"lag_s": 0.25}) == "0.25 s"
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert points[-1][0] == WIDTH
    heights = [HEIGHT - 2 - y for _, y in points]
    assert heights[0] == 0
    assert max(heights) == HEIGHT - 4
    assert heights[-1] == pytest.approx(max(heights) / 3, abs=0.1)
