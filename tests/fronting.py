"""Runs nginx or HAProxy in front of a server, with a plain configuration."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import until

NGINX = """daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{upstream}; {more} }} }}
}}
"""
HAPROXY = """defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  {more}
  server one 127.0.0.1:{upstream}
"""
STARTS_S = 20.0


@dataclass(frozen=True)
class Front:
    """A proxy's address."""

    url: str
    port: int


@contextmanager
def fronted(kind: str, upstream: int, folder: Path, more: str = "") -> Iterator[Front]:
    """Run "nginx" or "haproxy" in front of a local port, with additional configuration.

    NGINX and HAPROXY are the programs' paths; `scripts/test` sets them and installs missing programs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, config = _free_port(), folder / f"{kind}.conf"
    text = {"nginx": NGINX, "haproxy": HAPROXY}[kind]
    config.write_text(text.format(folder=folder, port=port, upstream=upstream, more=more))
    options = {"nginx": ["-p", str(folder), "-c", str(config)], "haproxy": ["-db", "-f", str(config)]}[kind]
    process = subprocess.Popen([os.environ[kind.upper()], *options], stderr=subprocess.PIPE, text=True)
    try:
        _wait_until_it_listens(process, port)
        yield Front(f"http://127.0.0.1:{port}", port)
    finally:
        process.terminate()
        process.communicate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _wait_until_it_listens(process: subprocess.Popen[str], port: int) -> None:
    def listens() -> bool:
        assert process.poll() is None, process.communicate()[1]
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    until(listens, STARTS_S)
