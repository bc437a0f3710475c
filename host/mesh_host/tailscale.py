"""The tailscale command line: what it says, and the settings that are ours."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mesh_host.errors import CommandFailed
from mesh_host.system import System

# BackendState of `tailscale status --json` → the protocol's word.
STATES = {
    "Running": "Running",
    "Starting": "Running",
    "NeedsLogin": "NeedsLogin",
    "NeedsMachineAuth": "NeedsLogin",
    "Stopped": "Stopped",
    "NoState": "NoDaemon",
}


# Two names of the service's own control plane.
OWN_SERVERS = ("https://controlplane.tailscale.com", "https://login.tailscale.com")


@dataclass(frozen=True)
class Home:
    """A tailnet as somebody asks for it; a name or a server that is None was not given."""

    name: str | None
    server: str | None

    def __str__(self) -> str:
        server = control_address(self.server)
        if server is None:
            return self.name or "one of Tailscale's own service"
        return f"{self.name} at {server}" if self.name else f"the one at {server}"


@dataclass(frozen=True)
class Status:
    state: str
    node_id: str | None = None
    name: str | None = None
    tailnet: str | None = None
    addresses: list[str] | None = None
    tags: list[str] | None = None
    online: bool | None = None
    # Node that it is logged out from: an `up` without --force-reauth would take it up again, key or no key.
    former: str | None = None

    @property
    def joined(self) -> bool:
        """This machine has an identity in a tailnet, connected at the moment or not."""
        return self.state in ("Running", "Stopped") and self.node_id is not None


@dataclass(frozen=True)
class Settings:
    """Everything about a node that is set on the host. Tags are not: they come from the key and the API."""

    hostname: str
    advertise: list[str] = field(default_factory=list)
    accept_routes: bool = True
    snat: bool = True
    # Its own server, on the node's tailnet addresses; sshd answers on all others.
    ssh: bool = False

    def flags(self) -> list[str]:
        return [
            "--hostname=" + self.hostname,
            "--advertise-routes=" + ",".join(self.advertise),
            "--accept-routes=" + _word(self.accept_routes),
            "--snat-subnet-routes=" + _word(self.snat),
            "--ssh=" + _word(self.ssh),
            # The host keeps its own resolver: names must go on working while the control plane does not.
            "--accept-dns=false",
            # Stateful filtering drops what the LAN sends first.
            "--stateful-filtering=false",
        ]


def status(system: System) -> Status:
    """Raises CommandFailed only for an answer that is not understood; a daemon that is not there is a state."""
    found = read_status(status_text(system))
    # A logout that the service did not take: the daemon is logged out, and goes on showing who it was.
    if found.state == "Stopped" and _prefs(system).get("LoggedOut") is True:
        return Status("NeedsLogin", former=found.node_id)
    return found


def status_text(system: System) -> str:
    """All that the daemon says, as JSON; something else when there is no daemon."""
    # It ends with 1 for states like NeedsLogin, and still prints the document.
    return system.run(["tailscale", "status", "--json"], timeout=15).out


def read_status(text: str) -> Status:
    if not text.lstrip().startswith("{"):
        return Status("NoDaemon")
    try:
        known = json.loads(text)
        own = known.get("Self") or {}
        tailnet = (known.get("CurrentTailnet") or {}).get("Name")
        state = STATES.get(known["BackendState"], "NoDaemon")
        node_id = str(own.get("ID") or "") or None
        if state == "NeedsLogin" or node_id is None:
            return Status(state)
        return Status(
            state,
            node_id,
            str(own.get("DNSName", "")).rstrip(".") or None,
            tailnet,
            [str(address) for address in own.get("TailscaleIPs") or known.get("TailscaleIPs") or []],
            sorted(str(tag) for tag in own.get("Tags") or []),
            bool(own.get("Online")),
        )
    except (ValueError, KeyError, AttributeError) as error:
        raise CommandFailed("tailscale's status is not understood", "tailscale status --json", str(error)) from error


def elsewhere(system: System, found: Status, wanted: Home) -> str | None:
    """
    The tailnet that a joined host is in, in words, when it is not the wanted one. A control server of somebody's own
    has one tailnet and calls it what it likes: there the address decides. The service has many: there the name does,
    if it is given.
    """
    there = _prefs(system).get("ControlURL")
    server = control_address(str(there) if there else None)
    if server != control_address(wanted.server):
        return str(Home(found.tailnet, server)) if server else f"{found.tailnet} at Tailscale's own service"
    if server is None and wanted.name is not None and found.tailnet != wanted.name:
        return found.tailnet or "(unnamed)"
    return None


def control_address(server: str | None) -> str | None:
    """In the one form that two of them can be compared in; None is the service's own."""
    if not server:
        return None
    try:
        parts = urlsplit(server)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return server
    if ":" in host:
        host = f"[{host}]"
    if port is not None and (parts.scheme, port) not in (("https", 443), ("http", 80)):
        host = f"{host}:{port}"
    address = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
    return None if address in OWN_SERVERS else address


def advertised(system: System) -> list[str]:
    """Routes that the daemon offers to the control plane now."""
    routes = _prefs(system).get("AdvertiseRoutes")
    return sorted(str(route) for route in routes) if isinstance(routes, list) else []


def runs_ssh(system: System) -> bool:
    """Whether the daemon answers SSH on the node's tailnet addresses."""
    return _prefs(system).get("RunSSH") is True


def _prefs(system: System) -> dict[str, object]:
    known: dict[str, object] = json.loads(system.must(["tailscale", "debug", "prefs"], timeout=15))
    return known


def apply_settings(system: System, settings: Settings) -> None:
    system.must(["tailscale", "set", *settings.flags(), "--auto-update=false"], timeout=30)


def advertise(system: System, routes: list[str]) -> None:
    system.must(["tailscale", "set", "--advertise-routes=" + ",".join(routes)], timeout=30)


def up(system: System, settings: Settings, login_server: str | None, key_file: str, again: bool) -> None:
    """Joins with the key in `key_file`. --reset: `up` refuses to leave out a flag that somebody has set before."""
    flags = ["--reset", "--timeout=60s", "--auth-key=file:" + key_file, *settings.flags()]
    if login_server:
        flags.append("--login-server=" + login_server)
    if again:
        flags.append("--force-reauth")
    system.must(["tailscale", "up", *flags], timeout=90)


def resume(system: System, settings: Settings, login_server: str | None) -> None:
    """Connects a stopped node again, without a key."""
    server = ["--login-server=" + login_server] if login_server else []
    system.must(["tailscale", "up", "--reset", "--timeout=60s", *settings.flags(), *server], timeout=90)


def logout(system: System) -> None:
    system.must(["tailscale", "logout"], timeout=30)


def _word(flag: bool) -> str:
    return "true" if flag else "false"
