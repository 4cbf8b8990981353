"""Answers that are kept for a moment."""

import time

from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from webapp.web.pagecache import PAGES, Kept, PageCache

STRANGER = {"REMOTE_ADDR": "203.0.113.9"}


def kept(body: bytes, until_s: float = 10.0) -> Kept:
    return Kept(body, 200, Headers(), until_s, False)


def test_an_answer_is_good_for_its_time() -> None:
    times = iter([9.0, 10.0])
    answers = PageCache(clock=lambda: next(times))
    answers.keep("a", kept(b"x"))
    assert answers.get("a") is not None
    assert answers.get("a") is None


def test_an_answer_is_kept_by_a_clock_that_nobody_sets() -> None:
    assert PageCache().clock is time.monotonic


def test_answers_take_so_many_bytes_at_most_and_those_not_used_for_longest_go() -> None:
    answers = PageCache(most=30_000, clock=lambda: 0.0)
    for name in "abc":
        answers.keep(name, kept(b"x"))
        answers.get("a")
    answers.keep("d", kept(b"x"))
    assert [name for name in "abcd" if answers.get(name)] == ["a", "c", "d"]


def test_a_page_that_is_kept_is_the_same_and_a_browser_that_has_it_is_told_so(client: FlaskClient) -> None:
    first, second = (client.get("/embed/builder", headers={"Accept-Encoding": "br"}) for _ in range(2))
    assert (first.status_code, first.data, dict(first.headers)) == (200, second.data, dict(second.headers))
    again = client.get("/embed/builder", headers={"Accept-Encoding": "br", "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/embed/builder").data != first.data, "what it is packed with is part of the question"
    assert b'lang="de"' in client.get("/embed/builder", headers={"Accept-Language": "de"}).data


def test_an_address_may_ask_for_so_many_pages_that_are_not_kept_and_for_any_that_are(client: FlaskClient) -> None:
    for number in range(2 * PAGES.burst):
        if client.get(f"/embed?title={number}", environ_base=STRANGER).status_code == 429:
            break
    assert PAGES.burst <= number < 2 * PAGES.burst
    assert client.get(f"/embed?title={number - 1}", environ_base=STRANGER).status_code == 200
    assert client.get("/embed?title=another").status_code == 200, "loopback is free"


def test_ever_more_unknown_parameters_make_the_page_no_larger(client: FlaskClient) -> None:
    few, many = (len(client.get("/embed?" + "&".join(f"x{n}=1" for n in range(count))).data) for count in (10, 400))
    assert many < few + 20_000
