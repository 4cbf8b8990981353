"""nginx, Caddy and HAProxy with the configuration in deploy, before servers with roles on a real NATS server."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.brokers import brokers, free_ports
from tests.proxying import Proxy as Link
from tests.proxying import proxying
from tests.publicproxies import Proxy, Viewer, running, write_pem
from tests.serving import ROOT, Server, clean_environment, console_script
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)
NAME, TOKEN = "globe.example.org", "a-token-for-tests"
FILES = {
    "nginx": "nginx/unison.conf",
    "caddy": "caddy/cluster.Caddyfile",
    "haproxy": "haproxy/haproxy.cfg",
}
ROLES = {"ingest": "ingest,match", "web-1": "web", "web-2": "web"}
PLAYS = [
    ("POST", "/api/plays"),
    ("POST", "/"),
    ("OPTIONS", "/"),
    ("GET", "/?hs=true&p=1.2.1"),
    ("POST", "/1/submit-listens"),
    ("POST", "/1"),
    ("GET", "/1/validate-token"),
    ("POST", "/apis/listenbrainz/1/submit-listens"),
    ("POST", "/submit-listens"),
    ("GET", "/validate-token"),
    ("GET", "/user/ana/listens"),
    ("GET", "/user/ana/playing-now"),
    ("POST", "/playing-now/delete"),
    ("GET", "/stats/user/ana/artists"),
    ("GET", "/feedback/user/ana/get-feedback"),
    ("GET", "/metadata/lookup"),
    ("GET", "/latest-import"),
    ("POST", "/delete-listen"),
    ("POST", "/2.0/"),
    ("GET", "/2.0?method=auth.gettoken"),
    ("POST", "/audioscrobbler/1.2/nowplaying"),
    ("POST", "/webhook/token"),
    ("POST", "/webhook"),
    ("GET", "/api/auth?token=t"),
    ("GET", "/api/auth/?token=t"),
]
PAGES = ["/", "/?hs=false", "/stats", "/playlist", "/api/stats", "/api/connections", "/embed", "/privacy", "/healthz"]
PRIVATE = ["/metrics", "/status", "/status.json", "/api/admin/moderation", "/%6detrics", "//metrics"]


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pem(tmp_path_factory.mktemp("tls") / "unison.pem", NAME)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """One server that takes plays in and matches them, and two for visitors."""
    folder = tmp_path_factory.mktemp("servers")
    with brokers(folder) as running, ExitStack() as stack:
        env = {
            "UNISON_BUS": running.urls,
            "UNISON_SECRET": "a secret of several servers",
            "UNISON_TOKENS": TOKEN,
            "UNISON_PUBLIC_URL": f"https://{NAME}",
            "UNISON_TRUSTED_PROXIES": "127.0.0.1",
            "UNISON_VIEWERS_PER_ADDRESS": "1",
            "UNISON_SHOWN_PER_S": "0",
        }
        subprocess.run([console_script(), "bus", "init"], env=clean_environment(**env), check=True, timeout=30)

        def start(name: str) -> Server:
            return Server(folder / name, env | {"UNISON_NODE": name}, options=["--roles", ROLES[name]])

        with ThreadPoolExecutor() as pool:
            started = dict(zip(ROLES, pool.map(start, ROLES), strict=True))
        for server in started.values():
            stack.callback(server.kill)
        yield started


@dataclass(frozen=True)
class Site:
    """A proxy before the servers, and the link from it to the second of those for visitors."""

    proxy: Proxy
    link: Link


@pytest.fixture(params=FILES)
def site(request: pytest.FixtureRequest, servers: dict[str, Server], pem: Path, tmp_path: Path) -> Iterator[Site]:
    with proxying(servers["web-2"].port) as link, fronted(request.param, servers, link, pem, tmp_path) as proxy:
        yield Site(proxy, link)


@contextmanager
def fronted(name: str, servers: dict[str, Server], link: Link, pem: Path, folder: Path) -> Iterator[Proxy]:
    """Run a proxy; of the two servers that it knows to take plays in, one is dead."""
    port, plain, dead = free_ports(3)
    web = [f"127.0.0.1:{servers['web-1'].port}", link.url.removeprefix("http://")]
    ingest = [f"127.0.0.1:{dead}", f"127.0.0.1:{servers['ingest'].port}"]
    text = (ROOT / "deploy" / FILES[name]).read_text("utf-8").replace("/etc/ssl/unison.pem", str(pem))
    for role, addresses in (("web", web), ("ingest", ingest)):
        for number, address in enumerate(addresses, 1):
            text = text.replace(f"{role}-{number}:8000", address)
    text = re.sub(r"(listen |bind :)443", rf"\g<1>{port}", text)
    text = re.sub(r"(listen |bind :)80\b", rf"\g<1>{plain}", text)
    text = for_tests(text, pem) if name == "caddy" else text
    variables = {"UNISON_DOMAIN": f"{NAME}:{port}", "UNISON_WEB": " ".join(web), "UNISON_INGEST": " ".join(ingest)}
    proxy = Proxy(NAME, port, pem)
    with running(name, text, port, folder, **variables):
        until(lambda: proxy.ask("/healthz")[0] == proxy.ask("/1/validate-token?token=t")[0] == 200, 20)
        yield proxy


def for_tests(text: str, pem: Path) -> str:
    """Keep Caddy from asking for a certificate, and from taking commands on port 2019."""
    text = text.replace("@operators", f"tls {pem} {pem}\n\t@operators", 1)
    return f"{{\n\tauto_https off\n\tadmin off\n}}\n{text}"


def send(proxy: Proxy, body: Any, **headers: str) -> tuple[int, Any]:
    status, answer = proxy.ask("/api/plays", "POST", body, Authorization=f"Bearer {TOKEN}", **headers)
    return status, json.loads(answer)


def play(title: str, listener: str, city: int) -> dict[str, Any]:
    return {"track": {"title": title, "artist": "Marisol Vey"}, "listener": listener, "place": {"geoname_id": city}}


def until_shown(viewer: Viewer, title: str) -> None:
    while title not in [each["track"]["title"] for each in viewer.receive().get("connections", ())]:
        pass


def test_a_proxy_before_servers_with_roles(site: Site) -> None:
    """One test for each proxy, because the servers take long to start."""
    check_routes(site)
    check_private_pages(site)
    check_viewers(site)
    check_bodies(site)
    check_without_a_dead_server(site)


def check_routes(site: Site) -> None:
    for method, path in PLAYS:
        status, answer = site.proxy.ask(path, method, b"{}")
        assert status < 500, (method, path)
        assert "this server does" not in answer, (method, path)
    for path in PAGES:
        assert site.proxy.ask(path)[0] == 200, path


def check_private_pages(site: Site) -> None:
    for path in PRIVATE:
        assert site.proxy.ask(path)[0] in (308, 404), path  # a redirect leads to what is refused


def check_viewers(site: Site) -> None:
    """Two strangers meet before viewers at both servers; a third viewer is refused, so addresses are known."""
    title = f"Slow Lighthouse {time.time()}"
    with site.proxy.watch() as one, site.proxy.watch() as other:
        with pytest.raises(InvalidStatus) as refused, site.proxy.watch():
            pass
        assert refused.value.response.status_code == 429
        plays = [play(title, "a", 1853909), play(title, "b", 3390760)]
        status, answer = send(site.proxy, json.dumps(plays).encode())
        assert (status, answer["accepted"]) == (202, 2)
        until_shown(one, title)
        until_shown(other, title)


def check_bodies(site: Site) -> None:
    plays = [play(f"Song {i}", f"listener {i}", 1853909) for i in range(5_000)]
    large = json.dumps(plays).encode().ljust(9_000_000)
    status, answer = send(site.proxy, large)
    assert (status, answer.get("accepted")) == (202, len(plays)), answer
    small = json.dumps(plays[:1]).encode()
    status, answer = send(site.proxy, slowly(small), Content_Length=str(len(small)))
    assert (status, answer["accepted"]) == (202, 1)


def slowly(body: bytes) -> Iterator[bytes]:
    """Yield a body in pieces, and wait after each."""
    for start in range(0, len(body), 64):
        yield body[start : start + 64]
        sent_s = time.monotonic()
        until(lambda sent_s=sent_s: time.monotonic() > sent_s + 0.4)  # type: ignore[misc]


def check_without_a_dead_server(site: Site) -> None:
    site.link.close()
    statuses = [site.proxy.ask("/api/stats")[0] for _ in range(8)]
    assert statuses == [200] * 8
    with site.proxy.watch() as viewer:
        assert viewer.receive()["type"] == "hello"


def test_caddy_before_one_server(servers: dict[str, Server], pem: Path, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    text = (ROOT / "deploy" / "caddy" / "Caddyfile").read_text("utf-8")
    server = f"127.0.0.1:{servers['web-1'].port}"
    proxy = Proxy(NAME, port, pem)
    with running("caddy", for_tests(text, pem), port, tmp_path, UNISON_DOMAIN=f"{NAME}:{port}", UNISON_SERVER=server):
        assert [proxy.ask(path)[0] for path in ("/", *PRIVATE[:4])] == [200, 404, 404, 404, 404]
        with proxy.watch() as viewer:
            assert viewer.receive()["type"] == "hello"
