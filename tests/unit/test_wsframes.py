from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, OPEN, SERVER, Protocol
from wsproto.frame_protocol import FrameProtocol, ParseFailed

from webapp.engine import wsframes
from webapp.engine.wsframes import VIOLATION, ClientFrames, Event


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
    reader = ClientFrames()
    return [event for piece in pieces for event in reader.feed(piece)]


def events_by_wsproto(data: bytes) -> list[Event]:
    reader = FrameProtocol(client=False, extensions=[])
    reader.receive_bytes(data)
    events = []
    try:
        for frame in reader.received_frames():
            if frame.opcode == wsframes.CLOSE:
                code, reason = cast(tuple[int, str], frame.payload)
                events.append(Event(wsframes.CLOSE, code=int(code), reason=reason))
            elif frame.opcode >= wsframes.CLOSE:
                events.append(Event(int(frame.opcode), bytes(cast(bytearray, frame.payload))))
            elif frame.message_finished:
                events.append(Event(int(frame.opcode)))
    except ParseFailed as failure:
        events.append(Event(VIOLATION, code=int(failure.code)))
    return events


def without_words(events: list[Event]) -> list[Event]:
    return [event._replace(reason="") if event.kind == VIOLATION else event for event in events]


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
closes = st.builds(lambda code, reason: client_frame(0x88, code.to_bytes(2) + reason), codes, texts)
odd_frames = st.one_of(
    closes,
    st.builds(client_frame, st.just(0x88), st.binary(max_size=1)),
    st.builds(client_frame, st.integers(0, 255), texts),
    st.builds(client_frame, st.integers(0, 255), texts, mask=st.none()),
    st.builds(client_frame, st.integers(0, 255), texts, form=st.sampled_from([126, 127])),
    st.builds(lambda first: client_frame(first, b"c" * 126), st.integers(0, 255)),
)
streams = st.lists(good_frames | odd_frames, max_size=12).map(b"".join)


@given(streams)
@example(client_frame(0x01, b"\xf0\x9f") + client_frame(0x89, b"now") + client_frame(0x80, b"\x8c\x8d"))
@example(client_frame(0x01, b"\xf0\x9f") + client_frame(0x80, b"\x8c"))
def test_what_a_client_sends_is_read_as_wsproto_reads_it(stream: bytes) -> None:
    assert without_words(events_of([stream])) == events_by_wsproto(stream)


@given(st.data(), streams | st.binary(max_size=60))
def test_where_the_bytes_are_cut_makes_no_difference(data: st.DataObject, stream: bytes) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream))).map(sorted))
    pieces = [stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])]
    assert events_of(pieces) == events_of([stream]) == events_of([bytes((byte,)) for byte in stream])


@given(st.lists(good_frames, max_size=6), st.integers(0, 40))
def test_a_reader_is_idle_exactly_when_a_fresh_one_would_go_on_alike(frames: list[bytes], more: int) -> None:
    reader = ClientFrames()
    before = b"".join(frames)[: -more or None]
    reader.feed(before)
    after = b"".join([client_frame(0x89, b"p"), client_frame(0x81, "é".encode()), client_frame(0x88, b"")])
    if reader.idle:
        assert reader.feed(after) == events_of([after])


def test_a_reader_between_whole_messages_is_idle() -> None:
    reader = ClientFrames()
    assert reader.idle
    reader.feed(client_frame(0x01, b"a"))
    assert not reader.idle
    reader.feed(client_frame(0x80, b"b") + client_frame(0x8A, b""))
    assert reader.idle


@pytest.mark.parametrize("sizes", [[4096], [4095, 1], [0] * 50 + [4096], [1000] * 4])
def test_a_message_of_the_longest_kind_is_taken(sizes: list[int]) -> None:
    assert events_of([message(sizes)]) == [Event(wsframes.BINARY)]


@pytest.mark.parametrize("sizes", [[4097], [4096, 1], [70_000], [1000] * 5])
def test_a_longer_message_is_refused_as_soon_as_its_length_is_known(sizes: list[int]) -> None:
    stream = message(sizes)
    refused = events_of([stream[: -sizes[-1]]])
    assert [(event.kind, event.code) for event in refused] == [(VIOLATION, 1009)]
    oracle = Protocol(SERVER, state=OPEN, max_size=wsframes.MESSAGE_LIMIT)
    oracle.receive_data(stream)
    assert oracle.close_sent is not None
    assert oracle.close_sent.code == 1009


def message(sizes: list[int]) -> bytes:
    last = len(sizes) - 1
    return b"".join(
        client_frame((0x80 if index == last else 0) | (0x02 if index == 0 else 0), bytes(size))
        for index, size in enumerate(sizes)
    )


def test_nothing_is_read_after_the_end() -> None:
    for last in (client_frame(0x88, b"\x03\xe8"), client_frame(0x83, b"")):
        reader = ClientFrames()
        assert len(reader.feed(last + client_frame(0x89, b"p"))) == 1
        assert reader.ended
        assert reader.feed(client_frame(0x89, b"p")) == []


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
