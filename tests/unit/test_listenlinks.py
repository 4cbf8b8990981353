"""Links to listen to a song."""

from __future__ import annotations

import pytest

from webapp.config import SettingError, Settings
from webapp.web.listenlinks import ListenLink, listen_links, templates

TRACK = {"title": "Rock & Roll?", "artist": "Ana/Bo", "url": None}
LINK = "Songs=https://songs.example/{artist}/{title}?q={query}"


def settings(links: str) -> Settings:
    return Settings.from_env({"UNISON_LISTEN_LINKS": links})


def test_there_are_none_unless_the_operator_asks() -> None:
    assert listen_links(TRACK, Settings()) == []


def test_a_link_is_filled_with_the_songs_words_which_cannot_change_where_it_leads() -> None:
    (link,) = listen_links(TRACK, settings(LINK))
    assert link == ("Songs", "https://songs.example/Ana%2FBo/Rock%20%26%20Roll%3F?q=Ana%2FBo%20Rock%20%26%20Roll%3F")
    (link,) = listen_links({**TRACK, "title": "{query}"}, settings("A=https://a.example/{title}"))
    assert link.address == "https://a.example/%7Bquery%7D"


def test_a_songs_own_url_comes_first_and_is_named_by_its_host() -> None:
    own = {**TRACK, "url": "https://www.b.example/song"}
    names = [link.name for link in listen_links(own, settings(LINK))]
    assert names == ["b.example", "Songs"]


def test_several_links_keep_their_order_and_their_names() -> None:
    given = settings("One Place=https://one.example/{query}, Zwei=https://zwei.example/?t={title}&a={artist}")
    assert templates(given) == [
        ListenLink("One Place", "https://one.example/{query}"),
        ListenLink("Zwei", "https://zwei.example/?t={title}&a={artist}"),
    ]


@pytest.mark.parametrize(
    "link",
    [
        "https://songs.example/{query}",
        "=https://songs.example/{query}",
        "A=http://songs.example/{query}",
        "A=https://songs.example/",
        "A=https://songs.example/{song}",
        "A=https://songs.example/{query}{",
        "A=https://{query}/",
        "A=https://user@songs.example/{query}",
        "A=javascript:alert({query})",
        'A=https://songs.example/"{query}',
        f"{LINK},B=https://b.example",
    ],
)
def test_a_link_needs_a_name_https_and_a_place_for_the_words(link: str) -> None:
    with pytest.raises(SettingError, match=r"UNISON_LISTEN_LINKS=.*a name, https and \{query\}, "):
        settings(link)
