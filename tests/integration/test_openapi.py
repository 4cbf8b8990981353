"""The server does what its OpenAPI document says: what Schemathesis sends, and what the stream shows.

`tests/data/openapi.toml` says what it sends, and gives a reason for each thing that it leaves out.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs
import pytest

from tests.musicclients import make_tokens
from tests.schemas import closed
from tests.serving import ROOT, Server, ask, console_script, get_json, post_plays, stream
from tests.waiting import until

SENDER, OPERATOR = "sender-of-plays-of-this-test", "operator-of-this-test"
OSAKA, RECIFE = 1853909, 3390760
SETTINGS = {
    "UNISON_TOKENS": SENDER,
    "UNISON_ADMIN_TOKEN": OPERATOR,
    "UNISON_VISITOR_PLAYS": "1",
    "UNISON_CONNECT": "1",
    "UNISON_PRIVACY_K": "0",
    "UNISON_SHOWN_PER_S": "0",
}


@pytest.fixture(scope="module")
def server(serve_shared: Callable[..., Server]) -> Server:
    """A server with all that it can offer, and tokens for everything."""
    return serve_shared(**SETTINGS)


def send_pair(server: Server, title: str) -> None:
    song = {"title": title, "artist": "Marisol Vey"}
    cities = OSAKA, RECIFE
    plays = [{"track": song, "listener": f"{title} {city}", "place": {"geoname_id": city}} for city in cities]
    post_plays(server, plays, Authorization=f"Bearer {SENDER}")


def schemathesis(server: Server, tokens: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run it against a server; tokens are by the names that its configuration has for them."""
    command = [console_script("schemathesis"), "--config-file", str(ROOT / "tests" / "data" / "openapi.toml")]
    return subprocess.run(
        [*command, "run", f"{server.url}/openapi.json", "--warnings", "off"],
        cwd=ROOT,
        env={**os.environ, **tokens, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.timeout(300)  # on a busy machine
def test_the_server_does_what_its_document_says(server: Server, title: str) -> None:
    with stream(server) as viewer:
        send_pair(server, title)
        viewer.connection_of(title)
    listener, own = (made.text for made in make_tokens(server, OSAKA, RECIFE))
    visitor, signed = (get_json(server, path)["token"] for path in ("/play/token", "/connect/csrf"))
    tokens = {"SENDER": SENDER, "OPERATOR": OPERATOR, "LISTENER": listener, "OWN": own}
    done = schemathesis(server, {**tokens, "VISITOR": visitor, "SIGNED": signed})
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr


def check(server: Server, name: str, *found: Any) -> None:
    """Fail unless values are what a schema of the server's document says, and have nothing else."""
    components = closed({"schemas": get_json(server, "/openapi.json")["components"]["schemas"]})
    checked = jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}", "components": components})
    for each in found:
        checked.validate(each)


def test_the_messages_of_the_stream_are_what_their_schemas_say(server: Server, title: str) -> None:
    with stream(server) as viewer, stream(server, country="BR") as filtered:
        send_pair(server, title)
        frames = [viewer.hello, filtered.hello]
        frames += [each.until(lambda frame: bool(frame["connections"])) for each in (viewer, filtered)]
    check(server, "StreamMessage", *frames)
    check(server, "Frame", *frames[2:])


def test_recorded_answers_have_nothing_that_their_schemas_do_not_name(server: Server, title: str) -> None:
    with stream(server) as viewer:
        send_pair(server, title)
        at = viewer.connection_of(title)["at"]
    until(lambda: get_json(server, "/api/connections")["connections"][0]["track"]["title"] == title)
    check(server, "Connections", get_json(server, "/api/connections"))
    check(server, "Past", get_json(server, f"/api/past?from={int(at) - 1}&seconds=5"))
    check(server, "SearchResults", get_json(server, "/api/search?q=osa"))
    check(server, "Ready", get_json(server, "/readyz"))


def test_the_page_names_the_server_in_its_examples(server: Server) -> None:
    page = ask(server, "/docs/api")
    assert page.kind == "text/html; charset=utf-8"
    assert f"curl &#39;{server.url}/api/plays&#39;" in page.text
