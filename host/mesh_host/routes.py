"""`route …`: the only writer of advertised routes. What is wanted came with the join; the drain flag is a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from mesh_host import peers, tailscale
from mesh_host.errors import WrongState
from mesh_host.system import LIB, ROUTES_LOCK, System

DRAINED = LIB + "/drained"
NODE = LIB + "/node.json"
# Seconds for a daemon to know itself after its start, and for a partner to take over.
DAEMON_WAIT = 20
TAKEOVER = 1.0


def wanted(system: System) -> list[str]:
    data = system.read(NODE)
    return [] if data is None else sorted(str(route) for route in json.loads(data)["advertiseRoutes"])


def remember(system: System, routes: list[str]) -> None:
    """What this node should advertise, drained or not."""
    system.mkdir(LIB, 0o700)
    system.write(NODE, json.dumps({"advertiseRoutes": sorted(routes)}).encode(), 0o600)


def forget(system: System) -> None:
    system.remove(DRAINED)
    system.remove(NODE)


def is_drained(system: System) -> bool:
    return system.exists(DRAINED)


def allowed(system: System, routes: list[str]) -> list[str]:
    """What may be advertised now: nothing while drained."""
    return [] if is_drained(system) else sorted(routes)


@contextmanager
def writing(system: System) -> Iterator[None]:
    """Held by all that writes advertised routes, inside the host's own lock if that is needed too."""
    with system.lock(wait=True, path=ROUTES_LOCK):
        yield


def advertise(system: System) -> dict[str, object]:
    with system.lock(), writing(system):
        _must_be_joined(system)
        # The flag goes first: killed in between, the next boot advertises, which is what was asked for.
        system.remove(DRAINED)
        tailscale.advertise(system, wanted(system))
        return {"advertised": tailscale.advertised(system), "drained": False}


def drain(system: System) -> dict[str, object]:
    with system.lock(), writing(system):
        _must_be_joined(system)
        system.write(DRAINED, b"", 0o600)
        tailscale.advertise(system, [])
        return {"advertised": tailscale.advertised(system), "drained": True}


def resume(system: System) -> dict[str, object]:
    """Run by a unit after the start of the daemon; not being joined yet is no failure.

    Not under the host's own lock: the activation that starts the unit holds it, and waits for the unit.
    """
    with writing(system):
        if _comes_up(system):
            tailscale.advertise(system, allowed(system, wanted(system)))
    return status(system)


def _comes_up(system: System) -> bool:
    """A daemon that has just started does not know yet that it is joined."""
    deadline = system.monotonic() + DAEMON_WAIT
    while True:
        found = tailscale.status(system)
        if found.joined or found.state != "NoDaemon" or not system.exists(NODE) or system.monotonic() >= deadline:
            return found.joined
        system.sleep(0.25)


def pause(system: System) -> dict[str, object]:
    """Run by a unit before the daemon stops, for whatever reason: an upgrade, a restart, an orderly reboot.

    A partner carries within a second of a withdrawal, and only ten seconds after the end of a daemon: the control plane
    waits for it to come back. Where nobody stands by nothing is withdrawn. No flag: `resume` ends it.
    """
    with writing(system):
        text = tailscale.status_text(system)
        own = tailscale.read_status(text)
        # Routers of one site have the same tags, and no others have them.
        if own.joined and peers.twins(text, own):
            withdraw(system, own)
    return status(system)


def withdraw(system: System, own: tailscale.Status) -> None:
    """Takes back what this node advertises, if anything, and gives a partner the time to take over."""
    if own.state == "Running" and tailscale.advertised(system):
        tailscale.advertise(system, [])
        # Measured: 0.2 to 0.6 s.
        system.sleep(TAKEOVER)


def status(system: System) -> dict[str, object]:
    joined = tailscale.status(system).joined
    now = tailscale.advertised(system) if joined else []
    return {"wanted": wanted(system), "advertised": now, "drained": is_drained(system)}


def _must_be_joined(system: System) -> None:
    found = tailscale.status(system)
    if not found.joined:
        raise WrongState("not-joined", f"this host is in no tailnet (tailscale is {found.state})")
