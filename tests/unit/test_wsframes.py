"""Frames, against websockets: what it reads of ours, and what it reads of clients'."""

from codecs import getincrementaldecoder
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import CLIENT, OPEN, SERVER, Protocol
from wsproto.frame_protocol import ParseFailed

from webapp.engine import wsframes

Event = tuple[str, bytes | int]
"""What matters of what a client sends: a ping with its payload, a close with its code, a violation with the code."""


def client_frame(first: int, payload: bytes, *, mask: bytes | None = b"\x1d\x00\xc4\x7f", form: int = 0) -> bytes:
    """A frame as a client may or may not send it; `form` is the least of 0, 126 and 127 as the length's form."""
    size = len(payload)
    form = max(form, 0 if size < 126 else 126 if size < 1 << 16 else 127)
    length = {0: b"", 126: b"\x7e", 127: b"\x7f"}[form] + size.to_bytes(8)[{0: -1, 126: -2, 127: -8}[form] :]
    if mask is None:
        return bytes((first,)) + length + payload
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes((first, length[0] | 0x80)) + length[1:] + mask + masked


def events_of(pieces: Sequence[bytes]) -> list[Event]:
    parser, events = wsframes.client_parser(), list[Event]()
    try:
        for piece in pieces:
            parser.receive_bytes(piece)
            for frame in parser.received_frames():
                match int(frame.opcode), frame.payload:
                    case Opcode.PING, bytes() as payload:
                        events.append(("ping", payload))
                    case Opcode.CLOSE, (int() as code, _):
                        events.append(("close", int(code)))
    except ParseFailed as failure:
        events.append(("violation", int(failure.code)))
    return events


def events_by_websockets(data: bytes) -> list[Event]:
    """The same by an independent reader, which leaves the text of messages to its users."""
    oracle = Protocol(SERVER, state=OPEN, max_size=wsframes.MESSAGE_LIMIT)
    oracle.receive_data(data)
    events, text = list[Event](), Text()
    for frame in oracle.events_received():
        assert isinstance(frame, Frame)
        if frame.opcode is Opcode.PING:
            events.append(("ping", bytes(frame.data)))
        elif frame.opcode < Opcode.CLOSE and not text.takes(frame):
            return [*events, ("violation", 1007)]
    if oracle.close_rcvd is not None:  # it minds one between fragments, which RFC 6455 does not
        events.append(("close", oracle.close_rcvd.code))
    elif oracle.close_sent is not None:
        events.append(("violation", oracle.close_sent.code))
    return events


def test_a_message_in_two_frames_is_measured_once_however_its_header_is_cut() -> None:
    one, other = client_frame(0x01, b"a" * 2_000), client_frame(0x80, b"b" * 2_000)
    ping = client_frame(0x89, b"?")
    whole = one + ping + other + ping
    for cut in range(len(one), len(one + ping) + 9):
        assert events_of([whole[:cut], whole[cut:]]) == [("ping", b"?")] * 2
    too_long = client_frame(0x80, b"b" * 2_100)
    assert events_of([one, too_long[:4], too_long[4:]]) == [("violation", 1009)]


class Text:
    """The text message that is being read, if it is one."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")()
        self._is_text = False

    def takes(self, frame: Frame) -> bool:
        """Take the next frame of a message; tell whether it may be UTF-8."""
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
        try:
            self._decoder.decode(bytes(frame.data) if self._is_text else b"", frame.fin)
        except UnicodeDecodeError:
            return False
        return True


texts = st.one_of(st.text(max_size=40).map(str.encode), st.binary(max_size=12), st.just("🌍é東".encode()))
masks = st.binary(min_size=4, max_size=4)
good_frames = st.one_of(
    st.builds(client_frame, st.sampled_from([0x81, 0x82, 0x89, 0x8A, 0x80, 0x01, 0x02, 0x00]), texts, mask=masks),
    st.builds(lambda size, mask: client_frame(0x82, b"b" * size, mask=mask), st.integers(120, 400), masks),
)
codes = st.one_of(
    st.sampled_from([999, 1000, 1004, 1005, 1006, 1011, 1012, 1013, 1015, 1016, 2999, 3000, 4999, 5000]),
    st.integers(0, 65535),
).filter(lambda code: code != 1014)  # which wsproto does not know yet
words = st.text(max_size=40).map(str.encode)
closes = st.builds(  # of a code and a reason that are both wrong, readers may name either
    lambda pair: client_frame(0x88, pair[0].to_bytes(2) + pair[1]),
    st.tuples(codes, words) | st.tuples(st.sampled_from([1000, 1011, 3000, 4999]), texts),
)
odd_frames = st.one_of(
    closes,
    st.builds(client_frame, st.just(0x88), st.binary(max_size=1)),
    st.builds(client_frame, st.integers(0, 255).filter(lambda first: first != 0x88), texts),
    st.builds(client_frame, st.integers(0, 255), texts, mask=st.none()),
    st.builds(lambda first: client_frame(first, b"c" * 126), st.integers(0, 255)),
)
streams = st.lists(good_frames | odd_frames, max_size=12).map(b"".join)


@given(streams)
@example(client_frame(0x01, b"\xf0\x9f") + client_frame(0x89, b"now") + client_frame(0x80, b"\x8c\x8d"))
@example(client_frame(0x01, b"\xf0\x9f") + client_frame(0x80, b"\x8c"))
def test_what_a_client_sends_is_read_as_websockets_reads_it(stream: bytes) -> None:
    assert events_of([stream]) == events_by_websockets(stream)


@pytest.mark.parametrize(("size", "form"), [(0, 126), (125, 126), (125, 127), (65_535, 127)])
def test_a_length_that_is_not_in_its_shortest_form_is_a_violation(size: int, form: int) -> None:
    assert events_of([client_frame(0x82, bytes(size), form=form)]) == [("violation", 1002)]


@given(st.data(), streams | st.binary(max_size=60))
def test_where_the_bytes_are_cut_makes_no_difference(data: st.DataObject, stream: bytes) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream))).map(sorted))
    pieces = [stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])]
    assert events_of(pieces) == events_of([stream]) == events_of([bytes((byte,)) for byte in stream])


@pytest.mark.parametrize("pong", [client_frame(0x8A, b"p" * size) for size in (0, 1, 125)])
def test_one_whole_pong_needs_no_parser(pong: bytes) -> None:
    assert wsframes.is_pong(pong)
    assert not any(map(wsframes.is_pong, [pong[:-1], pong + b"\x8a", pong[1:], b"\x89" + pong[1:]]))


@given(st.one_of(streams, st.binary(max_size=140), st.builds(lambda rest: b"\x8a" + rest, st.binary(max_size=140))))
def test_what_needs_no_parser_is_one_pong_to_the_parser(data: bytes) -> None:
    if wsframes.is_pong(data):
        parser = wsframes.client_parser()
        parser.receive_bytes(data + client_frame(0x89, b"next"))
        assert [int(frame.opcode) for frame in parser.received_frames()] == [Opcode.PONG, Opcode.PING]


@pytest.mark.parametrize("sizes", [[4096], [4095, 1], [0] * 50 + [4096], [1000] * 4])
def test_a_message_of_the_longest_kind_is_taken_and_so_is_the_next(sizes: list[int]) -> None:
    assert events_of([message(sizes), message(sizes), client_frame(0x89, b"p")]) == [("ping", b"p")]


@pytest.mark.parametrize("sizes", [[4097], [4096, 1], [70_000], [1000] * 5])
def test_a_longer_message_is_refused_as_soon_as_its_length_is_known(sizes: list[int]) -> None:
    stream = message(sizes)
    assert events_of([stream[: -sizes[-1]]]) == [("violation", 1009)] == events_by_websockets(stream)


def message(sizes: list[int]) -> bytes:
    last = len(sizes) - 1
    return b"".join(
        client_frame((0x80 if index == last else 0) | (0x02 if index == 0 else 0), bytes(size))
        for index, size in enumerate(sizes)
    )


@pytest.mark.parametrize("last", [client_frame(0x88, b"\x03\xe8"), client_frame(0x83, b"")])
def test_nothing_is_read_after_the_end(last: bytes) -> None:
    ping = client_frame(0x89, b"p")
    assert len(events_of([last + ping, ping])) == 1


@given(st.binary(max_size=200) | st.sampled_from([125, 126, 65535, 65536, 200_000]).map(bytes))
def test_a_text_frame_reads_as_one_message_with_websockets(payload: bytes) -> None:
    reader = Protocol(CLIENT, state=OPEN, max_size=None)
    reader.receive_data(wsframes.text_frame(payload))
    assert reader.events_received() == [Frame(Opcode.TEXT, payload)]


@given(st.binary(max_size=125))
def test_pings_and_pongs_read_with_websockets(payload: bytes) -> None:
    reader = Protocol(CLIENT, state=OPEN)
    reader.receive_data(wsframes.ping_frame(payload) + wsframes.pong_frame(payload))
    assert reader.events_received() == [Frame(Opcode.PING, payload), Frame(Opcode.PONG, payload)]


@pytest.mark.parametrize(
    ("code", "reason", "payload"),
    [
        (1013, "zu langsam, naïf", b"\x03\xf5zu langsam, na\xc3\xaff"),
        (4000, "", b"\x0f\xa0"),
        (1005, "", b""),
    ],
)
def test_a_close_frame_reads_with_websockets(code: int, reason: str, payload: bytes) -> None:
    reader = Protocol(CLIENT, state=OPEN)
    reader.receive_data(wsframes.close_frame(code, reason))
    assert reader.events_received() == [Frame(Opcode.CLOSE, payload)]
    assert reader.close_rcvd is not None
    assert (reader.close_rcvd.code, reader.close_rcvd.reason) == (code, reason)


def test_a_reason_that_is_too_long_is_cut_between_characters() -> None:
    reader = Protocol(CLIENT, state=OPEN)
    reader.receive_data(wsframes.close_frame(1002, "é" * 100))
    assert reader.close_rcvd == Close(1002, "é" * 61)
