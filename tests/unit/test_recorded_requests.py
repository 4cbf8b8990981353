"""Every recorded request of a real client, through the whole application: its exact answer."""

from __future__ import annotations

import pytest

from tests.requests_fixtures import Exchange
from tests.unit.recorded_world import RECORDED, client_of, recorded_services, send
from webapp.services import Services


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return recorded_services(tmp_path_factory.mktemp("recorded"))


@pytest.mark.parametrize("prefix", ["", "/"], ids=["as it is", "a slash more"])
@pytest.mark.parametrize("exchange", RECORDED, ids=lambda exchange: exchange.name)
def test_a_recorded_request_has_its_exact_answer(services: Services, exchange: Exchange, prefix: str) -> None:
    answer = send(client_of(services), exchange, prefix)
    assert (answer.status_code, answer.data) == (exchange.status, exchange.answer)
    assert {name: answer.headers[name] for name in exchange.answer_headers} == exchange.answer_headers
