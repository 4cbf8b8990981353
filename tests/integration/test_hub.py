from contextlib import ExitStack

from websockets.sync.client import connect

from tests.integration.hub_serving import HubServer, RawViewer, Start


def joined(server: HubServer, count: int) -> None:
    server.until(lambda stats: stats["viewers"] == count)


def test_all_viewers_of_a_channel_get_the_same_bytes_in_order_and_others_nothing(start: Start) -> None:
    server = start()
    with RawViewer(server, "a") as one, RawViewer(server, "a") as two, RawViewer(server, "b") as other:
        joined(server, 3)
        for size in (1, 125, 126, 65_535, 65_536, 300_000):
            server.post("/send/a", b"#" * 1 + b"x" * (size - 1))
            first, payload = one.frame()
            assert (first, len(payload)) == (0x81, size)
            assert two.frame() == (first, payload)
        server.post("/send/a?times=1000", b"frame #")
        for viewer in (one, two):
            assert [viewer.text() for _ in range(1000)] == [b"frame %d" % index for index in range(1000)]
        server.post("/send/b", b"only this")
        assert other.text() == b"only this"


def test_a_client_library_reads_pings_and_closes(start: Start) -> None:
    server = start()
    server.post("/opening/3/10")
    with connect(f"ws://127.0.0.1:{server.port}/stream") as client:
        assert not client.protocol.extensions, "permessage-deflate was offered and must not be taken"
        assert [client.recv() for _ in range(3)] == [f"opening {index} xxxxxxxxxx" for index in range(3)]
        server.post("/send/", "São Paulo, 東京".encode())
        assert client.recv() == "São Paulo, 東京"
        assert client.ping().wait(10)
        client.close(1000, "enough")
        assert client.close_code == 1000
    stats = server.until(lambda stats: stats["gone"] == 1)
    assert (stats["viewers"], stats["dropped"]) == (0, {})


def test_a_slow_viewer_is_closed_alone_while_others_get_every_frame_at_once(start: Start) -> None:
    server = start(backlog_bytes=100_000)
    with ExitStack() as stack:
        slow = stack.enter_context(RawViewer(server, buffer_bytes=4096))
        others = [stack.enter_context(RawViewer(server)) for _ in range(20)]
        joined(server, 21)
        frames: list[bytes] = []
        while len(frames) < 200 and server.stats()["viewers"] == 21:
            frames.append(b"%d " % len(frames) + b"x" * 10_000)
            server.post("/send/", frames[-1])
            assert all(viewer.text() == frames[-1] for viewer in others)
        assert len(frames) > 10, "at least what the bound allows was kept"
        assert server.until(lambda stats: stats["viewers"] == 20)["dropped"] == {"slow": 1}
        got = []
        while (frame := slow.frame())[0] == 0x81:
            got.append(frame[1])
        assert got == frames[: len(got)]
        assert frame == (0x88, (1013).to_bytes(2))
        slow.__exit__()
        server.post("/send/", b"still here")
        assert all(viewer.text() == b"still here" for viewer in others)
        assert server.until(lambda stats: stats["gone"] == 1)["backlog"] == 0


def test_a_frame_larger_than_the_bound_is_no_reason_to_close_a_viewer(start: Start) -> None:
    server = start(backlog_bytes=1000)
    with RawViewer(server, buffer_bytes=4096) as viewer:
        joined(server, 1)
        for index in range(2):
            server.post("/send/", b"%d" % index * 2_000_000)
        assert [len(viewer.text()) for _ in range(2)] == [2_000_000, 2_000_000]


def test_a_viewer_that_takes_nothing_is_closed_at_the_deadline(start: Start) -> None:
    server = start(deadline_s=0.5)
    with RawViewer(server, buffer_bytes=4096) as stalled, RawViewer(server) as other:
        joined(server, 2)
        server.post("/send/", b"x" * 900_000)
        assert len(other.text()) == 900_000
        assert server.until(lambda stats: stats["viewers"] == 1)["dropped"] == {"stalled": 1}
        assert len(stalled.text()) == 900_000, "a frame that was begun is finished"
        assert stalled.end() == 1013


def test_a_long_opening_reaches_a_slow_reader_whole_with_live_frames_behind_it(start: Start) -> None:
    server = start(backlog_bytes=50_000)
    server.post("/opening/300/10000")
    with RawViewer(server, buffer_bytes=4096) as viewer:
        joined(server, 1)
        server.post("/opening/0/0")
        with RawViewer(server) as other:
            joined(server, 2)
            server.post("/send/?times=1000", b"live #")
            assert [other.text() for _ in range(1000)] == [b"live %d" % index for index in range(1000)]
        assert 0 < server.stats()["backlog"] < 50_000
        for index in range(300):
            assert viewer.text() == b"opening %d " % index + b"x" * 10_000
        assert [viewer.text() for _ in range(1000)] == [b"live %d" % index for index in range(1000)]
    assert server.until(lambda stats: stats["gone"] == 2)["backlog"] == 0


def test_an_opening_that_fails_ends_that_viewer_alone(start: Start) -> None:
    server = start()
    with RawViewer(server) as other:
        joined(server, 1)
        server.post("/opening/1/-1")
        with RawViewer(server) as viewer:
            assert viewer.end() == 1011
        server.post("/send/", b"still here")
        assert other.text() == b"still here"
        assert server.until(lambda stats: stats["gone"] == 1)["dropped"] == {"failed": 1}


def test_viewers_that_vanish_leave_nothing_behind(start: Start) -> None:
    server = start()
    with RawViewer(server) as other:
        joined(server, 1)
        files = server.stats()["files"]
        gone = [RawViewer(server, buffer_bytes=4096) for _ in range(50)]
        joined(server, 51)
        server.post("/send/", b"x" * 200_000)
        for viewer in gone:
            viewer.reset()
        assert len(other.text()) == 200_000
        stats = server.until(lambda stats: stats["gone"] == 50 and stats["files"] <= files)
        assert (stats["viewers"], stats["backlog"], stats["dropped"]) == (1, 0, {"lost": 50})
        assert stats["channels"] == {"": 1}


def test_viewers_that_answer_pings_stay_and_silent_ones_are_dropped(start: Start) -> None:
    server = start(ping_s=0.4)
    with RawViewer(server) as lively, RawViewer(server) as silent:
        for _ in range(4):
            first, payload = lively.frame(pings=True)
            assert first == 0x89
            lively.send(0x8A, payload)
        stats = server.until(lambda stats: stats["gone"] == 1)
        assert stats["dropped"] == {"silent": 1}
        assert silent.frame(pings=True)[0] == 0x89


def test_everyone_is_told_goodbye_at_the_end_behind_what_is_queued(start: Start) -> None:
    server = start(backlog_bytes=1_000_000)
    with ExitStack() as stack:
        slow = stack.enter_context(RawViewer(server, buffer_bytes=4096))
        viewers = [stack.enter_context(RawViewer(server)) for _ in range(300)]
        joined(server, 301)
        for index in range(2):
            server.post("/send/", b"%d" % index * 400_000)
            assert all(len(viewer.text()) == 400_000 for viewer in viewers)
        assert server.stats()["backlog"] > 0
        server.post("/close?wait_s=20")
        viewers += [slow, stack.enter_context(RawViewer(server))]
        assert [len(slow.text()) for _ in range(2)] == [400_000, 400_000]
        assert [viewer.text() for viewer in viewers] == [b"bye"] * 302
        assert {viewer.end() for viewer in viewers} == {1001}
    assert server.until(lambda stats: stats["gone"] == 302)["dropped"] == {}


def test_the_end_does_not_wait_for_a_viewer_that_never_reads(start: Start) -> None:
    server = start(deadline_s=60)
    with RawViewer(server, buffer_bytes=4096):
        joined(server, 1)
        server.post("/send/", b"x" * 900_000)
        server.post("/close?wait_s=0.5")
        server.until(lambda stats: stats["gone"] == 1)
