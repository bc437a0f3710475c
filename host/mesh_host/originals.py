"""What paths and units were before the first release touched them. The index also says what is ours to take away."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field

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
class Originals:
    paths: dict[str, Original] = field(default_factory=dict)
    units: dict[str, UnitOriginal] = field(default_factory=dict)
    packages: list[str] = field(default_factory=list)

    def owns(self, unit: str) -> bool:
        """The unit exists because a release placed its file."""
        original = self.paths.get(UNIT_FOLDER + unit)
        return original is not None and original.kind == "absent"


def load(system: System) -> Originals:
    data = system.read(INDEX)
    if data is None:
        return Originals()
    known = json.loads(data)
    paths = {
        path: Original(p["kind"], base64.b64decode(p["data"]), p["mode"], p["uid"], p["gid"])
        for path, p in known["paths"].items()
    }
    units = {name: UnitOriginal(**unit) for name, unit in known["units"].items()}
    return Originals(paths, units, list(known["packages"]))


def save(system: System, originals: Originals) -> None:
    paths = {
        path: {"kind": o.kind, "data": base64.b64encode(o.data).decode(), "mode": o.mode, "uid": o.uid, "gid": o.gid}
        for path, o in originals.paths.items()
    }
    units = {name: vars(unit) for name, unit in originals.units.items()}
    document = {"paths": paths, "units": units, "packages": originals.packages}
    system.mkdir(LIB, 0o700)
    system.mkdir(LIB + "/originals", 0o700)
    system.write(INDEX, json.dumps(document, indent=1, sort_keys=True).encode(), 0o600)


def capture(system: System, originals: Originals, paths: list[str], release: Release) -> None:
    """Notes everything that is about to be touched for the first time. On disk before this returns."""
    for path in paths:
        if path not in originals.paths:
            originals.paths[path] = system.look(path)
    for name, unit in release.units.items():
        originals.units[name] = _noted(system, originals, name, unit)
    originals.packages = sorted({*originals.packages, *release.packages})
    save(system, originals)


def _noted(system: System, originals: Originals, name: str, unit: Unit) -> UnitOriginal:
    known = originals.units.get(name)
    if known is None:
        enabled = system.run(["systemctl", "is-enabled", name]).out.strip() == "enabled"
        active = system.run(["systemctl", "is-active", name]).out.strip() == "active"
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
