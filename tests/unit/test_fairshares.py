"""Places that are shared: nobody is bound before half is taken, and nobody takes all."""

from webapp.engine.fairshares import FairShares

MANY, FEW, OTHER = b"many", b"few", b"other"


def taken_by(shares: FairShares[int], owner: bytes | None) -> int:
    """Take places until there is none to be had without taking it from somebody; returns how many."""
    before = shares.taken
    while shares.taken < shares.whole and shares.has_room_for(owner):
        shares.claim(owner, shares.taken)
    return shares.taken - before


def test_one_address_alone_may_take_half_and_others_find_the_rest() -> None:
    shares = FairShares[int](100)
    assert taken_by(shares, MANY) == 50
    assert taken_by(shares, FEW) == 25


def test_loopback_may_take_all() -> None:
    shares = FairShares[int](100)
    assert taken_by(shares, None) == 100
    assert not shares.has_room_for(FEW), "what has no bound of its own does not give way"


def test_where_all_is_taken_the_address_with_most_gives_what_it_took_last() -> None:
    shares = FairShares[int](8)
    for place in range(5):
        shares.claim(MANY, place)
    for place in range(5, 8):
        shares.claim(OTHER, place)
    assert shares.has_room_for(FEW)
    assert next(shares.givers(FEW)) == 4
    assert not shares.has_room_for(MANY), "it has most itself, and the other has fewer"


def test_nobody_takes_from_another_what_that_one_could_take_back() -> None:
    shares = FairShares[int](4)
    for place in range(4):
        shares.claim((MANY, FEW)[place % 2], place)
    assert not shares.has_room_for(MANY)
    assert not shares.has_room_for(FEW)


def test_a_place_that_is_left_is_free_and_may_be_left_twice() -> None:
    shares = FairShares[int](2)
    shares.claim(MANY, 1)
    shares.claim(FEW, 2)
    shares.release(1)
    shares.release(1)
    assert (shares.taken, shares.has_room_for(OTHER)) == (1, True)
