import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.web.clientaddress import client_address

BEHIND = Settings(trusted_proxies=("10.0.0.0/8", "2001:db8::1"))


def request(peer: str, forwarded: str) -> Request:
    builder = EnvironBuilder("/stream", headers=[("X-Forwarded-For", forwarded)], environ_base={"REMOTE_ADDR": peer})
    return Request(builder.get_environ())


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
    assert client_address(request(peer, forwarded), BEHIND) == address
