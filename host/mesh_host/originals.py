"""What a host was before the first release touched it. The index also says what is ours to take away."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from mesh_host import unit_state
from mesh_host.release import Release, Unit
from mesh_host.system import LIB, Original, System

INDEX = LIB + "/originals/index.json"
UNIT_FOLDER = "/etc/systemd/system/"


@dataclass
class UnitOriginal:
    """How a unit was, and how the last release that had it wants it to hear of changed files."""

    enabled: bool
    active: bool
    on_change: str
    watches: list[str]


@dataclass
class PackageOriginal:
    """`version` is None when the package was not installed."""

    version: str | None
    held: bool


@dataclass
class Originals:
    paths: dict[str, Original] = field(default_factory=dict)
    units: dict[str, UnitOriginal] = field(default_factory=dict)
    packages: dict[str, PackageOriginal] = field(default_factory=dict)
    # The machine was there before us; only then there is something in what follows (machine.py).
    existing: bool = False
    # Files that we make and no release names.
    aside: dict[str, Original] = field(default_factory=dict)
    # Path below /proc/sys → live value.
    kernel: dict[str, str] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    preferences: list[int] = field(default_factory=list)
    # Folders that were not there.
    folders: list[str] = field(default_factory=list)

    def owns(self, unit: str) -> bool:
        """The unit exists because a release placed its file."""
        original = self.paths.get(UNIT_FOLDER + unit)
        return original is not None and original.kind == "absent"


def load(system: System) -> Originals:
    data = system.read(INDEX)
    if data is None:
        return Originals()
    known = json.loads(data)
    packages = known["packages"]
    # Indexes of before holds were noted have a list of names.
    noted = packages if isinstance(packages, dict) else {name: {"version": "", "held": False} for name in packages}
    return Originals(
        _read_paths(known["paths"]),
        {name: UnitOriginal(**unit) for name, unit in known["units"].items()},
        {name: PackageOriginal(**package) for name, package in noted.items()},
        bool(known.get("existing")),
        _read_paths(known.get("aside", {})),
        dict(known.get("kernel", {})),
        list(known.get("tables", [])),
        list(known.get("preferences", [])),
        list(known.get("folders", [])),
    )


def _read_paths(known: dict[str, Any]) -> dict[str, Original]:
    return {
        path: Original(p["kind"], base64.b64decode(p["data"]), p["mode"], p["uid"], p["gid"])
        for path, p in known.items()
    }


def _write_paths(paths: dict[str, Original]) -> dict[str, object]:
    return {
        path: {"kind": o.kind, "data": base64.b64encode(o.data).decode(), "mode": o.mode, "uid": o.uid, "gid": o.gid}
        for path, o in paths.items()
    }


def save(system: System, originals: Originals) -> None:
    document = {
        **vars(originals),
        "paths": _write_paths(originals.paths),
        "aside": _write_paths(originals.aside),
        "units": {name: vars(unit) for name, unit in originals.units.items()},
        "packages": {name: vars(package) for name, package in originals.packages.items()},
    }
    system.mkdir(LIB, 0o700)
    system.mkdir(LIB + "/originals", 0o700)
    system.write(INDEX, json.dumps(document, indent=1, sort_keys=True).encode(), 0o600)


def capture(system: System, originals: Originals, paths: list[str], release: Release) -> None:
    """Notes everything that is about to be touched for the first time. On disk before this returns."""
    for path in paths:
        if path not in originals.paths:
            originals.paths[path] = system.look(path)
    note_units(system, originals, release)
    save(system, originals)


def note_units(system: System, originals: Originals, release: Release) -> None:
    for name, unit in release.units.items():
        originals.units[name] = _noted(system, originals, name, unit)


def _noted(system: System, originals: Originals, name: str, unit: Unit) -> UnitOriginal:
    known = originals.units.get(name)
    if known is None:
        enabled = unit_state.enabled(system, name) == "enabled"
        active = unit_state.active(system, name) == "active"
        return UnitOriginal(enabled, active, unit.on_change, unit.watches)
    return UnitOriginal(known.enabled, known.active, unit.on_change, unit.watches)


def put_back(system: System, path: str, original: Original) -> bool:
    """Makes `path` what it was; answers whether that changed anything."""
    if system.look(path) == original:
        return False
    if original.kind == "absent":
        system.remove(path)
    elif original.kind == "link":
        system.link(path, original.data.decode(errors="surrogateescape"))
    else:
        system.write(path, original.data, original.mode, original.uid, original.gid)
    return True
