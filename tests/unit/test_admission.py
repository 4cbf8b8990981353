import gc
from typing import Any

import pytest
from werkzeug.exceptions import Forbidden
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.web.admission import Addresses, TooManyViewers, check_origin, client_address

BEHIND = Settings(trusted_proxies=("10.0.0.0/8", "2001:db8::1"), hosts=("radio.example",))


def request(peer: str = "203.0.113.9", host: str = "globe.example", **headers: str) -> Request:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    builder = EnvironBuilder("/stream", headers=list(names.items()), environ_base={"REMOTE_ADDR": peer})
    return Request(builder.get_environ() | {"HTTP_HOST": host})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.1.2.3", "198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", "192.0.2.66, 198.51.100.1 , 10.9.9.9", "198.51.100.1"),
        ("::ffff:10.1.2.3", "198.51.100.1", "198.51.100.1"),
        ("2001:db8::1", "2001:db8::77", "2001:db8::77"),
        ("10.1.2.3", "", "10.1.2.3"),
        ("10.1.2.3", ",,", "10.1.2.3"),
        ("10.1.2.3", "unknown", "10.1.2.3"),
        ("10.1.2.3", "198.51.100.1:5555", "198.51.100.1"),
        ("10.1.2.3", "[2001:db8::77]:99, 10.9.9.9:80", "2001:db8::77"),
        ("10.1.2.3", "[2001:db8::77]", "2001:db8::77"),
        ("10.1.2.3", "::1", "::1"),
        ("", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("", "192.0.2.66, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("", "unknown", "127.0.0.1"),
        ("", "", "127.0.0.1"),
    ],
)
def test_an_address_is_believed_only_from_a_trusted_proxy(peer: str, forwarded: str, address: str) -> None:
    assert client_address(request(peer, X_Forwarded_For=forwarded), BEHIND) == address


@pytest.mark.parametrize(
    "address", ["198.51.100.1", "::ffff:198.51.100.1", "2001:db8:1:2::3", "fe80::1%eth0", "unknown"]
)
def test_an_address_has_so_many_viewers_and_no_more_until_one_is_gone(address: str) -> None:
    addresses = Addresses(2)
    leave = addresses.enter(address)
    addresses.enter(address)
    assert not addresses.has_room_for(address)
    with pytest.raises(TooManyViewers):
        addresses.enter(address)
    leave()
    assert addresses.has_room_for(address)


def test_a_subscribers_ipv6_addresses_are_one_and_those_of_others_are_not() -> None:
    addresses = Addresses(1)
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
    addresses = Addresses(most)
    leaves = [addresses.enter(address) for _ in range(3)]
    assert addresses.has_room_for(address)
    for leave in leaves:
        leave()
    assert len(addresses) == 0


def test_no_address_is_kept_and_nothing_at_all_once_it_is_gone() -> None:
    addresses = Addresses(5)
    leave = addresses.enter("198.51.100.1")
    held: list[Any] = [addresses, *gc.get_referents(addresses), *vars(addresses).values(), *addresses._viewers]
    assert len(addresses) == 1
    assert not any("198.51.100" in repr(each) for each in held)
    leave()
    assert len(addresses) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://globe.example"},
        {"Origin": "https://globe.example:8443"},
        {"Origin": "https://GLOBE.example"},
        {"Origin": "https://radio.example"},
        {"Origin": "http://radio.example:8080"},
    ],
)
def test_programs_our_own_pages_and_listed_hosts_may_watch(headers: dict[str, str]) -> None:
    check_origin(request(**headers), BEHIND)


@pytest.mark.parametrize(
    "origin",
    [
        "https://elsewhere.example",
        "null",
        "",
        "https://globe.example.evil.example",
        "https://",
        "https://a@globe.example",
        "https://[::1",
        "http://[",
    ],
)
def test_a_page_of_another_site_may_not_watch(origin: str) -> None:
    with pytest.raises(Forbidden, match="UNISON_HOSTS"):
        check_origin(request(Origin=origin), BEHIND)
