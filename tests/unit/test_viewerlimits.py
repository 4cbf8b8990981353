import gc
from typing import Any

import pytest

from webapp.web.viewerlimits import TooManyViewers, ViewersPerAddress


@pytest.mark.parametrize(
    "address", ["198.51.100.1", "::ffff:198.51.100.1", "2001:db8:1:2::3", "fe80::1%eth0", "unknown"]
)
def test_an_address_has_so_many_viewers_and_no_more_until_one_is_gone(address: str) -> None:
    addresses = ViewersPerAddress(2)
    leave = addresses.enter(address)
    addresses.enter(address)
    assert not addresses.has_room_for(address)
    with pytest.raises(TooManyViewers):
        addresses.enter(address)
    leave()
    assert addresses.has_room_for(address)


def test_a_subscribers_ipv6_addresses_are_one_and_those_of_others_are_not() -> None:
    addresses = ViewersPerAddress(1)
    addresses.enter("2001:db8:1:2::3")
    assert not addresses.has_room_for("2001:db8:1:2:ffff::4")
    assert addresses.has_room_for("2001:db8:1:3::3")
    addresses.enter("198.51.100.1")
    assert not addresses.has_room_for("::ffff:198.51.100.1")
    assert addresses.has_room_for("198.51.100.2")


@pytest.mark.parametrize(
    ("most", "address"), [(0, "198.51.100.1"), (1, "127.0.0.1"), (1, "::1"), (1, "::ffff:127.0.0.1")]
)
def test_without_a_bound_and_from_loopback_nobody_is_counted(most: int, address: str) -> None:
    addresses = ViewersPerAddress(most)
    leaves = [addresses.enter(address) for _ in range(3)]
    assert addresses.has_room_for(address)
    for leave in leaves:
        leave()
    assert len(addresses) == 0


def test_no_address_is_kept_and_nothing_at_all_once_it_is_gone() -> None:
    addresses = ViewersPerAddress(5)
    leave = addresses.enter("198.51.100.1")
    held: list[Any] = [addresses, *gc.get_referents(addresses), *vars(addresses).values(), *addresses._viewers]
    assert len(addresses) == 1
    assert not any("198.51.100" in repr(each) for each in held)
    leave()
    assert len(addresses) == 0
