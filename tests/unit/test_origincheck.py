import pytest
from werkzeug.exceptions import Forbidden
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from webapp.config import Settings
from webapp.web.origincheck import check_origin

LISTED = Settings(hosts=("radio.example",))


def request(**headers: str) -> Request:
    return Request(
        EnvironBuilder("/stream", headers=list(headers.items())).get_environ() | {"HTTP_HOST": "globe.example"}
    )


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
    check_origin(request(**headers), LISTED)


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
        check_origin(request(Origin=origin), LISTED)
