"""Machines in network namespaces of this one: links that really go down, black holes, and lost packets.

It needs root, `ip` (iproute2) and `nft` (nftables). All machines are on one bridge in a namespace of its own, in which
this program must run, too: `enter` begins it anew there, so that nothing is left of it at the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

BRIDGE, INSIDE = "unison", "UNISON_BENCH_INSIDE"
NET = "10.77.0"
NAMES = Path("/run/netns")
LOST = 0.3
"""The part of packets that is lost."""


def missing() -> str:
    """Return what is missing to use namespaces; empty if nothing is."""
    if os.geteuid() != 0:
        return "network namespaces need root; run this as root, or without --namespaces"
    needed = {"ip": "iproute2", "nft": "nftables", "unshare": "util-linux"}
    packages = [package for program, package in needed.items() if not shutil.which(program)]
    return f"install {' and '.join(packages)}, or run this without --namespaces" if packages else ""


def enter() -> None:
    """Run this program anew in a network namespace of its own."""
    if INSIDE not in os.environ:
        command = ["unshare", "--net", "--mount", sys.executable, *sys.argv]
        os.execvpe("unshare", command, os.environ | {INSIDE: "1"})


class Namespaces:
    """See `tests.network.Network`; a machine is made when it is named for the first time."""

    def __init__(self) -> None:
        self._hosts: dict[str, str] = {}
        self._numbers = count(2)
        NAMES.mkdir(exist_ok=True)
        _run("mount", "-t", "tmpfs", "tmpfs", str(NAMES))  # nobody else sees it
        _run("ip", "link", "set", "lo", "up")
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
        _run("ip", "address", "add", f"{NET}.1/24", "dev", BRIDGE)
        _run("ip", "link", "set", BRIDGE, "up")

    def host(self, name: str) -> str:
        """See `Network`."""
        if name not in self._hosts:
            self._hosts[name] = f"{NET}.{next(self._numbers)}"
            self._make(name)
        return self._hosts[name]

    def _make(self, name: str) -> None:
        _run("ip", "netns", "add", name)
        _run("ip", "link", "add", f"v-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "link", "set", f"v-{name}", "master", BRIDGE, "up")
        _run("ip", "-n", name, "address", "add", f"{self._hosts[name]}/24", "dev", "eth0")
        for link in ("lo", "eth0"):
            _run("ip", "-n", name, "link", "set", link, "up")

    def command(self, name: str) -> list[str]:
        """See `Network`."""
        self.host(name)
        return ["ip", "netns", "exec", name]

    def reach(self, one: str, other: str, port: int) -> str:  # noqa: ARG002 - the same from everywhere
        """See `Network`."""
        return f"{self.host(other)}:{port}"

    def cut(self, name: str) -> None:
        """See `Network`."""
        _run("ip", "-n", name, "link", "set", "eth0", "down")

    def heal(self, name: str) -> None:
        """See `Network`."""
        _run("ip", "-n", name, "link", "set", "eth0", "up")
        _run("ip", "-n", name, "route", "flush", "type", "blackhole")
        _run("ip", "netns", "exec", name, "nft", "flush", "ruleset")

    def lose_route(self, one: str, other: str) -> None:
        """Have one machine reach another no more."""
        _run("ip", "-n", one, "route", "add", "blackhole", f"{self._hosts[other]}/32")

    def lose_packets(self, name: str) -> None:
        """Lose packets to and from a machine at random."""
        chains = "".join(
            f"chain {way} {{ type filter hook {way} priority 0; numgen random mod 100 < {LOST * 100:.0f} drop; }}\n"
            for way in ("input", "output")
        )
        _run("ip", "netns", "exec", name, "nft", f"table inet chaos {{\n{chains}}}")

    def close(self) -> None:
        """Remove all machines."""
        for name in self._hosts:
            _run("ip", "netns", "delete", name)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
