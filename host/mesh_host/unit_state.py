"""What systemd says about units."""

from __future__ import annotations

from mesh_host.system import System


def enabled(system: System, name: str) -> str:
    """systemd's word (`enabled`, `disabled`, `masked`, `static`, …); `absent` when there is no such unit."""
    word = system.run(["systemctl", "is-enabled", name]).out.strip()
    # systemd 252 says nothing on standard output, 257 says not-found.
    return "absent" if word in ("", "not-found") else word


def active(system: System, name: str) -> str:
    """`active`, `inactive`, `failed`, …"""
    return system.run(["systemctl", "is-active", name]).out.strip() or "unknown"


def booting(system: System) -> bool:
    """Units that are not active are not wrong yet: systemd is still starting them."""
    return system.run(["systemctl", "is-system-running"]).out.strip() in ("initializing", "starting")
