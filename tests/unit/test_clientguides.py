"""The guides of players: what they need, and that docs/clients.md says the same."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from webapp.core import precision
from webapp.core.precision import CLASSED, CLASSES, UNMATCHED
from webapp.web.clientguides import FIXED, GUIDES, NEEDS, Guide, Step, filled, fits, values

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "clients.md").read_text()
EXAMPLE = values("https://unison.example.org", "YOUR-TOKEN", "YOUR-USER-NAME")
WANTED = {
    "Navidrome", "Jellyfin", "Pano Scrobbler", "Web Scrobbler", "Music Assistant", "mpdscribble", "VLC", "foobar2000",
    "Quod Libet", "Mopidy", "multi-scrobbler", "rescrobbled", "listenbrainz-mpd",
}  # fmt: skip
each_guide = pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.id)


def section(name: str) -> str:
    """Return what docs/clients.md says of a player."""
    found = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", DOCS, re.M | re.S)
    assert found, f"docs/clients.md has no section {name!r}"
    return found[1]


def written(number: int, step: Step) -> list[str]:
    """Return the lines of a step, as the docs have them."""
    does = re.sub(r"\{\w+\}", f"**{step.names}**", step.does)
    fields = [f"   - {label}: `{filled(text, EXAMPLE)}`" for label, text in step.fields]
    lines = [f"   {line}" for line in filled(step.text, EXAMPLE).splitlines()]
    return [f"{number}. {does}", *fields, *(["   ```", *lines, "   ```"] if lines else [])]


def time_of(guide: Guide) -> str:
    """Return what the docs say of how exact a player's times are."""
    code = precision.of_client([guide.agent])
    if code == UNMATCHED:
        return "It asks players only every few seconds, so its plays are counted but not drawn."
    least_ms, most_ms = (CLASSES[code - CLASSED].delay_ms + sign * precision.spread_ms(code) for sign in (-1, 1))
    span = f"{max(0, least_ms) / 1000:g} to {most_ms / 1000:g} s"
    if code == precision.UNKNOWN:
        return f"How late its message comes is not known, so it counts as {span} after the song starts."
    return f"Its message comes {span} after the song starts."


@each_guide
def test_the_docs_say_what_the_page_says(guide: Guide) -> None:
    lines = [line for number, step in enumerate(guide.steps, 1) for line in written(number, step)]
    assert "\n".join(lines) in section(guide.name)


@each_guide
def test_the_docs_say_what_a_listener_sees_and_how_exact_it_is(guide: Guide) -> None:
    text = section(guide.name)
    assert "**What you see.** " in text
    assert f"**Time.** {time_of(guide)}" in " ".join(text.split())


def test_the_docs_have_no_other_players_and_name_those_that_cannot_be_pointed_elsewhere() -> None:
    names = re.findall("^## (.*)$", DOCS, re.M)
    assert names == [*(guide.name for guide in GUIDES), "Players with fixed addresses"]
    assert all(name in section("Players with fixed addresses") for name in FIXED)


def test_every_player_that_can_be_pointed_elsewhere_has_a_guide() -> None:
    assert {guide.name for guide in GUIDES} >= WANTED
    assert not {guide.name for guide in GUIDES} & set(FIXED)
    assert len({guide.id for guide in GUIDES}) == len(GUIDES)


@each_guide
def test_every_guide_has_the_address_and_the_token(guide: Guide) -> None:
    texts = [text for step in guide.steps for text in (step.text, *(text for _, text in step.fields))]
    said = filled(" ".join(texts), EXAMPLE)
    assert "unison.example.org" in said
    assert "YOUR-TOKEN" in said
    assert not re.search(r"\{\w+\}", said)


@pytest.mark.parametrize(
    ("base", "plain", "address", "origin"),
    [
        ("https://unison.example.org", "unison.example.org:80", "unison.example.org", "https://unison.example.org"),
        ("http://studio.lan:8000/", "studio.lan:8000", "studio.lan:8000", "http://studio.lan:8000"),
        ("http://studio.lan", "studio.lan:80", "studio.lan", "http://studio.lan"),
        ("https://example.org:8443/globe", "example.org:80", "example.org:8443/globe", "https://example.org:8443"),
        ("http://[::1]:8000", "[::1]:8000", "[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_is_written_as_players_want_it(base: str, plain: str, address: str, origin: str) -> None:
    found = values(base, "t", "u")
    assert (found["plain"], found["address"], found["origin"]) == (plain, address, origin)
    assert found["base"] == base.rstrip("/")


@pytest.mark.parametrize(
    ("base", "unfit"),
    [
        ("https://unison.example.org", {"http"}),
        ("http://unison.example.org/", {"https"}),
        ("https://example.org/globe", {"http", "no_path"}),
    ],
)
def test_what_a_player_needs_is_compared_with_the_address(base: str, unfit: set[str]) -> None:
    assert {need for need in NEEDS if not fits(need, base)} == unfit
    assert urlsplit(base).netloc


def test_other_braces_stay() -> None:
    assert filled("{a} {token}", {"token": "{a}"}) == "{a} {a}"
