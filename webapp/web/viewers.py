"""Who watches: how many viewers there may be, which of them give way to others, and the way of each to the hub."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore

from webapp.core.filters import Filter
from webapp.engine.channels import Channels, TooManyFilters
from webapp.engine.disconnect import CANNOT_JOIN, TOO_FAR_BEHIND, TOO_MANY_FILTERS, TOO_MANY_VIEWERS
from webapp.engine.eventloop import EventLoop
from webapp.engine.fairshares import FairShares
from webapp.engine.handover import SINCE_MOST, Handed, Neighbours
from webapp.engine.hub import Hub
from webapp.engine.resume import FellBehind
from webapp.web.addressturns import AddressTurns
from webapp.web.clientaddress import AddressHashes
from webapp.web.viewerlimits import TooManyViewers, ViewersPerAddress

_REFUSALS = {
    TooManyViewers: TOO_MANY_VIEWERS,  # the last place was taken between the question and the handshake
    TooManyFilters: TOO_MANY_FILTERS,
    FellBehind: TOO_FAR_BEHIND,  # the client comes again, and is told how large its gap is
}

log = logging.getLogger(__name__)


class _Place:
    """The place of one viewer; `viewer` is None until it has joined the hub."""

    viewer: Any = None


class Viewers:
    """All viewers of an application.

    Args:
        loop: what the hub lives on.
        hub: has their sockets.
        channels: make their frames.
        most: viewers at once.
        of_one_address: likewise; 0 is no bound.
        neighbours: the servers that share the port; None if there are none.
    """

    def __init__(
        self,
        loop: EventLoop,
        hub: Hub,
        channels: Channels,
        most: int,
        of_one_address: int,
        neighbours: Neighbours | None = None,
    ) -> None:
        self._loop, self._hub, self._channels, self._neighbours = loop, hub, channels, neighbours
        self._places = FairShares[_Place](most)  # taken before a viewer joins the hub, until it is closed
        self.addresses = ViewersPerAddress(of_one_address)
        self._turns, self._hashes = AddressTurns(BoundedSemaphore), AddressHashes()

    def has_room_for(self, wanted: Filter, address: str) -> bool:
        """Tell whether a viewer with this filter can join from an address."""
        owner = self._hashes.of(address)
        return self._places.has_room_for(owner) and self._channels.has_room_for(wanted, owner)

    def join(self, socket: Any, wanted: Filter, since: str | None, address: str, on_close: Callable[[], None]) -> None:
        """Let a viewer watch. Call this from any thread; it returns at once, and the loop does the rest."""
        short = since and since[:SINCE_MOST]  # a longer one is malformed, and so is its beginning
        self._loop.spawn(self._join_somewhere, socket, Handed(wanted, short, address), on_close)

    def take(self, socket: Any, handed: Handed) -> None:
        """Let a viewer watch that a neighbour handed over. Call it on the loop."""
        gevent.spawn(self._join, socket, handed.wanted, handed.since, handed.address, _nothing)

    def _join_somewhere(self, socket: Any, viewer: Handed, on_close: Callable[[], None]) -> None:
        if self._neighbours and self._neighbours.hand_over(socket, viewer):
            on_close()
        else:
            self._join(socket, viewer.wanted, viewer.since, viewer.address, on_close)

    def _join(self, socket: Any, wanted: Filter, since: str | None, address: str, on_close: Callable[[], None]) -> None:
        owner, place = self._hashes.of(address), _Place()
        try:
            on_close = self._entered(place, owner, address, on_close)
            with self._turn_of(owner, wanted):
                place.viewer = self._channels.join(socket, wanted, since, owner, on_close)
        except tuple(_REFUSALS) as error:
            self._hub.refuse(socket, _REFUSALS[type(error)], on_close)
        except Exception:
            log.exception("a viewer could not join")
            self._hub.refuse(socket, CANNOT_JOIN, on_close)

    def _turn_of(self, owner: bytes | None, wanted: Filter) -> AbstractContextManager[Any]:
        """Return a lock for a new filter: an address gets one after the other, so that many hold nobody up."""
        return nullcontext() if owner is None or self._channels.is_live(wanted) else self._turns.of(owner)

    def _entered(
        self, place: _Place, owner: bytes | None, address: str, on_close: Callable[[], None]
    ) -> Callable[[], None]:
        """Count a viewer in; returns what to call when its socket is closed.

        Raises:
            TooManyViewers: all places are taken, or all of its address.
        """
        self._make_room(owner)
        leave = self.addresses.enter(address)
        self._places.claim(owner, place)

        def closed() -> None:
            self._places.release(place)
            leave()
            on_close()

        return closed

    def _make_room(self, owner: bytes | None) -> None:
        """Dismiss a viewer where there is no place for another."""
        if not self._places.has_room_for(owner):
            raise TooManyViewers
        if self._places.taken < self._places.whole:
            return
        place = next((place for place in self._places.givers(owner) if place.viewer), None)
        if place is None:
            raise TooManyViewers
        self._places.release(place)
        self._hub.dismiss(place.viewer)


def _nothing() -> None:
    pass
