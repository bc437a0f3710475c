"""`facts`: what the deploying side needs to know before it does anything."""

from __future__ import annotations

import os
import platform

from mesh_host import hostkeys, store
from mesh_host.interfaces import Interface, find_interfaces
from mesh_host.packages import os_release
from mesh_host.system import System


def facts(system: System) -> dict[str, object]:
    state = store.load_state(system)
    placement = store.load_placement(system, state.active) if state.active else None
    found = find_interfaces(system, placement.lan if placement else None)
    known = os_release(system)
    return {
        "hostname": (system.text("/etc/hostname") or os.uname().nodename).strip(),
        "os": {"id": known.get("ID", ""), "version": known.get("VERSION_ID", "")},
        "kernel": os.uname().release,
        "python": platform.python_version(),
        "bootId": (system.text("/proc/sys/kernel/random/boot_id") or "").strip(),
        "firstBoot": first_boot(system),
        "interfaces": {"public": _interface(found.public), "lan": _interface(found.lan)},
        "hostKeys": {kind: hostkeys.public_key(system, kind) for kind in ("ed25519", "ecdsa")},
    }


def first_boot(system: System) -> str:
    """cloud-init's own files: result.json comes when the last stage has ended, whatever the outcome."""
    if system.exists("/run/cloud-init/result.json"):
        return "done"
    if system.exists("/run/cloud-init/disabled") or not system.exists("/run/cloud-init"):
        return "none"
    return "running"


def _interface(found: Interface | None) -> dict[str, str] | None:
    return None if found is None else {"name": found.name, "address": found.address}
