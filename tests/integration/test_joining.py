"""How viewers join: one by one from each address, so that what nobody else watches holds up nobody else."""

from __future__ import annotations

from typing import Any, cast

import gevent
from gevent.event import Event

from webapp.core.filters import Filter
from webapp.engine.channels import Channels
from webapp.engine.eventloop import EventLoop
from webapp.engine.hub import Hub
from webapp.web.viewers import Viewers


class SlowChannels:
    """Channels that let a viewer join when the test says so; the filters in `live` are there already."""

    def __init__(self) -> None:
        self.joining: list[str] = []
        self.live = set[Filter]()
        self.let_in = {name: Event() for name in ("first", "second", "other", "here", "here too")}

    def is_live(self, wanted: Filter) -> bool:
        return wanted in self.live

    def join(self, socket: str, *_: Any) -> None:
        """Note that one began to join, and wait."""
        self.joining.append(socket)
        self.let_in[socket].wait()


def test_viewers_of_one_address_join_one_by_one_and_those_of_others_meanwhile() -> None:
    channels, loop = SlowChannels(), EventLoop()
    loop.start()

    def come(viewers: Viewers) -> list[list[str]]:
        seen = []
        for socket, address in (("first", "192.0.2.1"), ("second", "192.0.2.1"), ("other", "198.51.100.2")):
            viewers.join(socket, Filter(), None, address, lambda: None)
        for socket in ("here", "here too"):
            viewers.join(socket, Filter(), None, "127.0.0.1", lambda: None)
        for let_in in ("first", "second", "other", "here", "here too"):
            gevent.idle()
            seen.append(list(channels.joining))
            channels.let_in[let_in].set()
        return seen

    try:
        viewers = Viewers(loop, cast(Hub, None), cast(Channels, channels), most=10, of_one_address=0)
        seen = loop.call(come, viewers)
    finally:
        loop.stop()
    assert seen[0] == ["first", "other", "here", "here too"]
    assert seen[1] == ["first", "other", "here", "here too", "second"]


def test_whoever_wants_what_is_shown_already_waits_for_no_new_filter_of_the_same_address() -> None:
    channels, loop = SlowChannels(), EventLoop()
    channels.live.add(Filter())
    loop.start()

    def come(viewers: Viewers) -> list[str]:
        viewers.join("first", Filter(country="JP"), None, "192.0.2.1", lambda: None)
        viewers.join("second", Filter(country="BR"), None, "192.0.2.1", lambda: None)
        viewers.join("other", Filter(), None, "192.0.2.1", lambda: None)
        gevent.idle()
        seen = list(channels.joining)
        for each in channels.let_in.values():
            each.set()
        gevent.idle()
        return seen

    try:
        viewers = Viewers(loop, cast(Hub, None), cast(Channels, channels), most=10, of_one_address=0)
        assert loop.call(come, viewers) == ["first", "other"]
    finally:
        loop.stop()
