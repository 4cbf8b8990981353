"""A third-party web site: a small server for pages of a test, with its own port and origin."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Host:
    """The site: its address, its pages with their headers by path, and the requested paths."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.pages: dict[str, tuple[str, dict[str, str]]] = {"/favicon.ico": ("", {"Content-Type": "image/x-icon"})}

    def page(self, html: str, path: str = "/", **headers: str) -> str:
        """Add a page, and return its address; `Content_Security_Policy="..."` becomes a header."""
        kind = "text/javascript" if path.endswith(".js") else "text/html"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = html if path.endswith(".js") else f"<!doctype html><meta charset=utf-8><title>Host</title>{html}"
        self.pages[path] = body, {"Content-Type": f"{kind}; charset=utf-8", **named}
        return self.url + path


@contextmanager
def hosting(name: str = "localhost") -> Iterator[Host]:
    """Serve a site during the block; because of its name it is cross-site to a server at 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append(self.path)
            body, headers = host.pages.get(self.path.partition("?")[0], ("", {}))
            self.send_response(200 if headers else 404)
            for header in headers.items():
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    host = Host(f"http://{name}:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
