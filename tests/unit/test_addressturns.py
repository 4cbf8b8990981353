import threading

from webapp.web.addressturns import AddressTurns


def test_an_address_has_one_turn_at_a_time_and_others_do_not_wait_for_it() -> None:
    turns, order = AddressTurns(threading.Lock), list[str]()
    first = turns.of(b"one")
    first.acquire()

    def come_second() -> None:
        with turns.of(b"one"):
            order.append("second")

    second = threading.Thread(target=come_second)
    second.start()
    with turns.of(b"another"):
        pass
    order.append("first")
    first.release()
    second.join(30)
    assert order == ["first", "second"]
