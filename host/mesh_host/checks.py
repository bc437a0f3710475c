"""Checks before a release is placed, and of the data path before it is confirmed."""

from __future__ import annotations

from typing import Callable

from mesh_host import interfaces, tailscale
from mesh_host.errors import Check
from mesh_host.interfaces import Interfaces, ip_json
from mesh_host.release import Placement, Release
from mesh_host.system import System

LAN_WAIT = 30
OVERLAY_WAIT = 20
UNIT_SUFFIXES = (".service", ".timer", ".socket", ".path", ".mount", ".target")
SSHD_FOLDER = "/etc/ssh/sshd_config.d/"
SSHD_CONFIG = "/etc/ssh/sshd_config"


def check(name: str, ok: bool | None, detail: str) -> Check:
    return {"name": name, "result": {True: "ok", False: "failed", None: "skipped"}[ok], "detail": detail[-800:]}


def failed(checks: list[Check]) -> list[Check]:
    return [found for found in checks if found["result"] == "failed"]


def stage_checks(system: System, release: Release, placement: Placement, where: str) -> list[Check]:
    """All checks of a release whose files are below `where`. Writes only below `where`/check."""
    found = wait_for_lan(system, placement.lan, placement.lan6)
    checks = [_interfaces_check(found, placement)]
    scratch = where + "/check"
    for path in sorted(release.files):
        if path.endswith(".nft"):
            checks.append(_nft(system, release, path, found, scratch))
    units = [path for path in sorted(release.files) if _is_unit(path)]
    if units:
        checks.append(_units(system, [where + "/files" + path for path in units]))
    if any(path.startswith(SSHD_FOLDER) for path in release.files):
        checks.append(_sshd(system, release, scratch))
    system.remove_tree(scratch)
    return checks


def wait_for_lan(system: System, lan: str, lan6: str | None = None) -> Interfaces:
    """A cloud attaches the private network some seconds after the server's first boot."""
    deadline = system.monotonic() + LAN_WAIT
    while True:
        found = interfaces.find_interfaces(system, lan, lan6)
        if (found.lan is not None and found.lan6 == lan6) or system.monotonic() >= deadline:
            return found
        system.sleep(1)


def _interfaces_check(found: Interfaces, placement: Placement) -> Check:
    if found.lan is None:
        detail = f"no interface of this host has the LAN address {placement.lan}; is the private network attached?"
        return check("interfaces", False, detail)
    if found.lan6 != placement.lan6:
        detail = f"{found.lan.name}, which has the LAN address {placement.lan}, does not have {placement.lan6}"
        return check("interfaces", False, detail)
    if found.public is None:
        return check("interfaces", False, "no interface with an address carries a default route")
    return check("interfaces", True, f"LAN {found.lan.name}, public {found.public.name}")


def _nft(system: System, release: Release, path: str, found: Interfaces, scratch: str) -> Check:
    """The staged text with the include beside it: the live include may be another one, or none yet."""
    include = scratch + "/interfaces.nft"
    system.write(include, interfaces.include_text(found).encode())
    text = release.files[path].content.replace(interfaces.INCLUDE, system.host(include))
    system.write(scratch + "/ruleset.nft", text.encode())
    result = system.run(["nft", "-c", "-f", system.host(scratch + "/ruleset.nft")])
    return check("nft " + path, result.code == 0, (result.err or result.out).strip())


def _is_unit(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return folder == "/etc/systemd/system" and name.endswith(UNIT_SUFFIXES)


def _units(system: System, paths: list[str]) -> Check:
    result = system.run(["systemd-analyze", "verify", *(system.host(path) for path in paths)])
    if result.code == 127:
        return check("systemd-analyze verify", None, result.err)
    # It also complains about the distribution's own units, and ends with 0 although a setting of ours is misspelt.
    ours = [line for line in result.err.splitlines() if any(path.rpartition("/")[2] in line for path in paths)]
    return check("systemd-analyze verify", result.code == 0 and not ours, "\n".join(ours) or result.err.strip())


def _sshd(system: System, release: Release, scratch: str) -> Check:
    """The present configuration with this release's drop-ins laid over it."""
    config = system.text(SSHD_CONFIG)
    if config is None:
        return check("sshd -t", None, SSHD_CONFIG + " does not exist on this host")
    pattern = SSHD_FOLDER + "*.conf"
    if not any(line.split() == ["Include", pattern] for line in config.splitlines()):
        return check("sshd -t", False, f"{SSHD_CONFIG} does not include {pattern}: the hardening would have no effect")
    drop_ins: dict[str, bytes] = {name: system.read(SSHD_FOLDER + name) or b"" for name in system.entries(SSHD_FOLDER)}
    for path, file in release.files.items():
        if path.startswith(SSHD_FOLDER):
            drop_ins[path[len(SSHD_FOLDER) :]] = file.data
    for name, data in drop_ins.items():
        system.write(f"{scratch}/sshd/{name}", data, 0o600)
    staged = config.replace(pattern, system.host(scratch + "/sshd/*.conf"))
    system.write(scratch + "/sshd_config", staged.encode(), 0o600)
    # sshd refuses even to test without its privilege separation directory, which is missing until its first start.
    system.mkdir("/run/sshd", 0o755)
    result = system.run(["sshd", "-t", "-f", system.host(scratch + "/sshd_config")])
    if result.code == 127:
        return check("sshd -t", None, result.err)
    return check("sshd -t", result.code == 0, result.err.strip())


def confirm_checks(system: System, placement: Placement, joined: bool) -> list[Check]:
    """The data path, over the new connection that asks for it."""
    checks = [check("connection", True, "a new one")]
    routes = ip_json(system, "route", "show", "default")
    checks.append(check("default-route", bool(routes), "" if routes else "this host has no default route any more"))
    checks.append(_retried(system, 5, lambda: _lan(system, placement)))
    if joined:
        checks.append(_retried(system, OVERLAY_WAIT, lambda: _overlay(system)))
    return checks


def _retried(system: System, seconds: float, attempt: Callable[[], Check]) -> Check:
    deadline = system.monotonic() + seconds
    while True:
        found = attempt()
        if found["result"] != "failed" or system.monotonic() >= deadline:
            return found
        system.sleep(1)


def _lan(system: System, placement: Placement) -> Check:
    """The gateway answers, or is a neighbour; without a gateway (layer 2) the prefix is on the link."""
    link = interfaces.find_interfaces(system, placement.lan).lan
    if link is None:
        return check("lan", False, f"no interface has the LAN address {placement.lan} any more")
    routes = ip_json(system, "route", "show", "dev", link.name)
    gateway = next((str(route["gateway"]) for route in routes if "gateway" in route), None)
    if gateway is None:
        on_link = any(route.get("dst") == placement.lan_prefix for route in routes)
        return check("lan", on_link, "{} is {}on {}".format(placement.lan_prefix, "" if on_link else "not ", link.name))
    if system.run(["ping", "-n", "-c", "1", "-W", "2", gateway]).code == 0:
        return check("lan", True, f"gateway {gateway} answers")
    neighbours = ip_json(system, "neigh", "show", "to", gateway, "dev", link.name)
    states = {str(state) for entry in neighbours for state in _list(entry.get("state"))}
    alive = bool(states & {"REACHABLE", "DELAY", "PROBE", "STALE", "PERMANENT"})
    return check(
        "lan", alive, "gateway {} does not answer pings{}".format(gateway, ", but is a neighbour" if alive else "")
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _overlay(system: System) -> Check:
    status = tailscale.status(system)
    return check("overlay", status.state == "Running", "tailscale is " + status.state)
