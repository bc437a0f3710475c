"""What tailscaled says of this router and its partner, over its socket: a process each half second would cost more."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

SOCKET = "/run/tailscale/tailscaled.sock"
TIMEOUT = 3.0


class Local(http.client.HTTPConnection):
    """HTTP over tailscaled's socket."""

    def __init__(self, path: str) -> None:
        super().__init__("local-tailscaled.sock", timeout=TIMEOUT)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self.path)


class Tailnet:
    """What matters of one look at tailscaled. A daemon that does not answer is one that does not run."""

    def __init__(
        self, running: bool = False, online: bool = False, peer_primary: bool = False, advertises: bool = False
    ):
        self.running = running
        self.online = online
        self.peer_primary = peer_primary
        self.advertises = advertises


def look(prefixes: list[str], path: str = SOCKET) -> Tailnet:
    try:
        connection = Local(path)
        try:
            status = _get(connection, "/localapi/v0/status")
            prefs = _get(connection, "/localapi/v0/prefs")
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException):
        return Tailnet()
    return read(status, prefs, prefixes)


def read(status: dict[str, Any], prefs: dict[str, Any], prefixes: list[str]) -> Tailnet:
    """A peer that has one of the prefixes is who carries them: the control plane gives a prefix to one node."""
    wanted = set(prefixes)
    peers = (status.get("Peer") or {}).values()
    return Tailnet(
        running=status.get("BackendState") == "Running",
        online=bool((status.get("Self") or {}).get("Online")),
        peer_primary=any(wanted & set(peer.get("PrimaryRoutes") or []) for peer in peers),
        advertises=wanted <= set(prefs.get("AdvertiseRoutes") or []),
    )


def _get(connection: http.client.HTTPConnection, path: str) -> dict[str, Any]:
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise ValueError(f"tailscaled answers {answer.status}")
    found = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError("tailscaled answers something else")
    return found
