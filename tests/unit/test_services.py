"""What the parts of an application do together, step by step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from webapp import services
from webapp.config import Settings
from webapp.services import Services


@pytest.mark.parametrize(("bus", "expected"), [((), [None]), (("nats://127.0.0.1:1",), [])])
def test_a_server_of_several_deletes_nothing_before_it_has_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bus: tuple[str, ...], expected: list[None]
) -> None:
    made = Services(Settings(data_dir=tmp_path, bus=bus, secret="of all servers"))
    asked: list[float | None] = []

    def offload(act: Callable[..., object], now_s: float | None) -> None:
        assert act == made.history.prune
        asked.append(now_s)

    monkeypatch.setattr(services, "offload", offload)
    made._prune()
    assert asked == expected
