"""What a release would create, replace, install, start and set, beside what is there now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from mesh_host import hostkeys, needs, packages, store, unit_state
from mesh_host.errors import Usage
from mesh_host.finding import Finding, Scene, warn
from mesh_host.release import File, Release
from mesh_host.system import Original, System

Row = dict[str, object]


def files(system: System, release: Release) -> list[Row]:
    """Those of the release, and those that we make beside it."""
    keys = File(hostkeys.drop_in_text(system, store.load_state(system)), 0o644)
    wanted: dict[str, File | None] = {**release.files, hostkeys.DROP_IN: keys}
    if any(packages.installed(system, name)[0] != version for name, version in release.packages.items()):
        wanted.update(dict.fromkeys(packages.source_files(release)))
    if not system.exists(hostkeys.key_path("ed25519")):
        wanted.update({hostkeys.key_path("ed25519"): None, hostkeys.key_path("ed25519") + ".pub": None})
    return [_file(system, path, wanted[path]) for path in sorted(wanted)]


def _file(system: System, path: str, wanted: File | None) -> Row:
    try:
        now = system.look(path)
    except Usage:
        return {"path": path, "change": "blocked", "present": None, "package": None}
    if now.kind == "absent":
        return {"path": path, "change": "create", "present": None, "package": None}
    same = wanted is not None and (now.kind, now.data, now.mode) == ("file", wanted.data, wanted.mode)
    present = {
        "kind": now.kind,
        "owner": f"{now.uid}:{now.gid}",
        "mode": f"0{now.mode:03o}",
        "sha256": hashlib.sha256(now.data).hexdigest(),
    }
    return {"path": path, "change": "none" if same else "replace", "present": present, "package": owner(system, path)}


def owner(system: System, path: str) -> str | None:
    """The package that brought this file."""
    result = system.run(["dpkg", "-S", path])
    return result.out.partition(":")[0].strip() or None if result.code == 0 else None


def owned(scene: Scene) -> Iterator[Finding]:
    for path, file in sorted(scene.release.files.items()):
        now = _looked(scene.system, path)
        package = owner(scene.system, path) if now.kind != "absent" else None
        if package is not None and (now.data, now.mode) != (file.data, file.mode):
            detail = f"{path} belongs to the package {package} and is replaced; an upgrade of it will ask what to do."
            yield warn("conffile", detail)


def _looked(system: System, path: str) -> Original:
    try:
        return system.look(path)
    except Usage:
        return Original("absent")


def packages_of(system: System, release: Release) -> list[Row]:
    """Dependencies are not resolved: their vendor's list is not there yet."""
    rows: list[Row] = []
    for name, wanted in sorted(release.packages.items()):
        present, held = packages.installed(system, name)
        change = _package_change(system, present, wanted, held)
        rows.append({"name": name, "wanted": wanted, "present": present, "held": held, "change": change})
    return rows


def _package_change(system: System, present: str | None, wanted: str, held: bool) -> str:
    if present is None:
        return "install"
    if present == wanted:
        return "none" if held else "hold"
    older = system.run(["dpkg", "--compare-versions", present, "lt", wanted]).code == 0
    return "upgrade" if older else "downgrade"


def units(system: System, release: Release) -> list[Row]:
    changed = {row["path"] for row in files(system, release) if row["change"] != "none"}
    rows: list[Row] = []
    for name, unit in sorted(release.units.items()):
        enabled = unit_state.enabled(system, name)
        active = unit_state.active(system, name)
        touched = bool(changed & set(unit.watches)) or (name == "ssh.service" and hostkeys.DROP_IN in changed)
        change = _unit_changes(
            unit.enabled, enabled == "enabled", active == "active", unit.on_change if touched else ""
        )
        rows.append({"name": name, "enabled": enabled, "active": active, "change": change})
    return rows


def _unit_changes(wanted: bool, enabled: bool, active: bool, on_change: str) -> list[str]:
    if not wanted:
        return (["disable"] if enabled else []) + (["stop"] if active else [])
    running = ([on_change] if on_change else []) if active else ["start"]
    return ([] if enabled else ["enable"]) + running


def sysctls(system: System, release: Release) -> list[Row]:
    """Those that would change."""
    rows: list[Row] = []
    for key, wanted in sorted(needs.sysctls(release).items()):
        present = system.text(needs.kernel_path(key))
        now = None if present is None else present.strip()
        if now != wanted:
            rows.append({"key": key, "present": now, "wanted": wanted})
    return rows
