"""`node peers`: the tailnet as this node sees it, and by which path it reaches whom."""

from __future__ import annotations

import json

from mesh_host import tailscale
from mesh_host.errors import CommandFailed, WrongState
from mesh_host.system import System

# Go's zero time: never.
NEVER = "0001-01-01"


def peers(system: System) -> dict[str, object]:
    """Raises WrongState `not-joined`; a node that is stopped, or has no peers, sees nobody.

    Own primary routes are not told: on headscale they are not what the control plane decided (measured). That no peer
    has a prefix is. State and peers are of one moment, or somebody would take himself for primary who is not.
    """
    text = tailscale.status_text(system)
    found = tailscale.read_status(text)
    if not found.joined:
        raise WrongState("not-joined", f"this host is in no tailnet (tailscale is {found.state})")
    version, seen = _read(text)
    return {"state": found.state, "online": found.online, "version": version, "peers": sorted(seen, key=_order)}


def twins(text: str, own: tailscale.Status) -> list[str]:
    """Node ids of those online who have the tags of this node, of what `tailscale.status_text` said."""
    return [str(one["nodeId"]) for one in _read(text)[1] if one["online"] and one["tags"] == own.tags]


def _read(text: str) -> tuple[str | None, list[dict[str, object]]]:
    """The daemon's version, and its peers."""
    try:
        known = json.loads(text)
        return str(known.get("Version") or "") or None, [_peer(peer) for peer in (known.get("Peer") or {}).values()]
    except (ValueError, AttributeError, TypeError) as error:
        raise CommandFailed("tailscale's status is not understood", "tailscale status --json", str(error)) from error


def _order(peer: dict[str, object]) -> tuple[str, str]:
    return str(peer["name"]), str(peer["nodeId"])


def _peer(peer: dict[str, object]) -> dict[str, object]:
    return {
        "name": str(peer.get("DNSName") or "").rstrip(".") or str(peer.get("HostName") or ""),
        "nodeId": str(peer.get("ID") or ""),
        "addresses": _texts(peer.get("TailscaleIPs")),
        "tags": sorted(_texts(peer.get("Tags"))),
        "online": bool(peer.get("Online")),
        "active": bool(peer.get("Active")),
        "curAddr": str(peer.get("CurAddr") or ""),
        "relay": str(peer.get("Relay") or ""),
        "peerRelay": str(peer.get("PeerRelay") or ""),
        "primaryRoutes": sorted(_texts(peer.get("PrimaryRoutes"))),
        "lastHandshake": _moment(peer.get("LastHandshake")),
        "rx": _count(peer.get("RxBytes")),
        "tx": _count(peer.get("TxBytes")),
        "keyExpiry": _moment(peer.get("KeyExpiry")),
    }


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _moment(value: object) -> str | None:
    text = str(value or "")
    return None if text == "" or text.startswith(NEVER) else text


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
