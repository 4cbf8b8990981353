"""What counts as pressing play: the first message of a song, but not one that waited while the server was down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from webapp.core.principals import Principal
from webapp.engine.pressing import EARLY_S, RESENT_S, UNKNOWN_S, Pressing
from webapp.storage.accounts import Activity, LastSong

BEGAN_S = 1_790_000_000.0
TOKEN = Principal("abcdefghij", "listener", None, 60, BEGAN_S - 86_400)
NEW = replace(TOKEN, id="klmnopqrst", created_s=BEGAN_S + 10)
USED = Activity(used_s=BEGAN_S - 3_600)


def started(*, after_downtime: bool = False) -> Pressing:
    pressing = Pressing(lambda: after_downtime)
    pressing.start(BEGAN_S)
    return pressing


def song(after_s: float, number: int = 1, lasts_s: float | None = 200.0) -> LastSong:
    return LastSong(number, BEGAN_S + after_s, lasts_s)


def playing(last: LastSong) -> Activity:
    return replace(USED, song=last, used_s=last.at_s)


def test_the_first_message_of_a_song_is_a_press() -> None:
    pressing = started()
    assert pressing.judge(TOKEN, song(5), None) == "press"
    assert pressing.judge(TOKEN, song(5), USED) == "press"
    assert pressing.judge(TOKEN, song(9, number=2), playing(song(5))) == "press"


@pytest.mark.parametrize("after_s", [0, 65, 130, 197])
def test_the_same_song_within_its_duration_is_a_repeat(after_s: float) -> None:
    assert started().judge(TOKEN, song(5 + after_s), playing(song(5))) == "repeat"


def test_two_players_with_one_token_that_repeat_their_songs_in_turn_press_once_each() -> None:
    both = replace(playing(song(25, number=2)), earlier=(song(5), song(0, number=3)))
    for number, after_s in ((1, 70), (2, 90), (3, 95), (1, 135)):
        assert started().judge(TOKEN, song(after_s, number), both) == "repeat"
    assert started().judge(TOKEN, song(205, 1), both) == "press", "its song begins again"
    assert started().judge(TOKEN, song(70, 4), both) == "press"


def test_a_song_that_begins_again_is_a_press_even_if_the_client_is_less_late_than_before() -> None:
    assert started().judge(TOKEN, song(5 + 200 - EARLY_S), playing(song(5))) == "press"


def test_a_song_of_unknown_length_is_the_same_for_ten_minutes() -> None:
    last = playing(song(0, lasts_s=None))
    assert started().judge(TOKEN, song(UNKNOWN_S - 10, lasts_s=None), last) == "repeat"
    assert started().judge(TOKEN, song(UNKNOWN_S, lasts_s=None), last) == "press"


def test_whichever_message_tells_the_length_counts() -> None:
    assert started().judge(TOKEN, song(300, lasts_s=200), playing(song(0, lasts_s=None))) == "press"
    assert started().judge(TOKEN, song(300, lasts_s=None), playing(song(0, lasts_s=200))) == "press"


def test_a_length_in_milliseconds_keeps_no_song_for_days() -> None:
    assert started().judge(TOKEN, song(86_400, lasts_s=200_000), playing(song(0, lasts_s=200_000))) == "press"


def test_a_clock_that_was_set_back_makes_a_repeat_no_press() -> None:
    assert started().judge(TOKEN, song(-60), playing(song(5))) == "repeat"


def test_after_a_downtime_the_first_message_of_a_token_used_before_is_no_press_and_the_second_is() -> None:
    pressing = started(after_downtime=True)
    assert pressing.judge(TOKEN, song(30), USED) == "after_downtime"
    assert pressing.judge(TOKEN, song(40, number=2), playing(song(30))) == "press"


def test_scrobbles_that_come_first_change_nothing_about_that() -> None:
    scrobbled = replace(USED, used_s=BEGAN_S + 29)
    assert started(after_downtime=True).judge(TOKEN, song(30), scrobbled) == "after_downtime"


def test_a_repeat_is_a_first_message_too() -> None:
    pressing = started(after_downtime=True)
    assert pressing.judge(TOKEN, song(30), playing(song(-20))) == "repeat"
    assert pressing.judge(TOKEN, song(40, number=2), playing(song(-20))) == "press"


def test_tokens_that_were_not_used_before_a_downtime_have_nothing_that_waited() -> None:
    pressing = started(after_downtime=True)
    assert pressing.judge(TOKEN, song(30), Activity()) == "press"
    assert pressing.judge(NEW, song(30), replace(USED, used_s=BEGAN_S + 20)) == "press"


def test_eight_minutes_after_a_downtime_nothing_waits_any_more() -> None:
    assert started(after_downtime=True).judge(TOKEN, song(RESENT_S + 1), USED) == "press"


def test_a_reload_is_no_downtime() -> None:
    assert started(after_downtime=False).judge(TOKEN, song(1), USED) == "press"
