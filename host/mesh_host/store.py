"""What the tool remembers: releases by hash, and the state of this host."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from mesh_host.documents import Node, canonical
from mesh_host.errors import WrongState
from mesh_host.release import Existing, Placement, Release, StageRequest, parse_release
from mesh_host.system import LIB, System

RELEASES = LIB + "/releases"
STATE = LIB + "/state.json"


@dataclass
class State:
    active: str | None = None
    previous: str | None = None
    confirmed: str | None = None
    # The release that waits for its confirmation, and the SSH connection that activated it.
    pending: str | None = None
    pending_session: str | None = None
    # Paths that changed and whose units have not all been restarted yet: survives a crash in between.
    dirty: list[str] = field(default_factory=list)
    # A switch began and did not end: what is on the disk is neither release whole.
    switching: bool = False
    # Whether the overlay ran when the pending release was activated: one that was down before is not its fault.
    overlay: bool = False
    # The bootstrap host key is no longer offered.
    retired: bool = False

    @property
    def untouched(self) -> bool:
        """No release is here or was cut off on its way: the next one is the first."""
        return self.active is None and self.pending is None and not self.switching


def load_state(system: System) -> State:
    data = system.read(STATE)
    if data is None:
        return State()
    known: dict[str, object] = json.loads(data)
    state = State()
    for key, value in known.items():
        if hasattr(state, key):
            setattr(state, key, value)
    return state


def save_state(system: System, state: State) -> None:
    system.mkdir(LIB, 0o700)
    system.write(STATE, json.dumps(vars(state), indent=1, sort_keys=True).encode(), 0o600)


def folder(release_hash: str) -> str:
    return f"{RELEASES}/{release_hash}"


def write_release(system: System, request: StageRequest, where: str) -> None:
    """Writes the release below `where`: release.json and the files as they will be."""
    system.remove_tree(where)
    system.mkdir(LIB, 0o700)
    system.mkdir(where, 0o700)
    for path, file in sorted(request.release.files.items()):
        system.write(where + "/files" + path, file.data, file.mode)
    system.write(where + "/release.json", canonical(request.release.document()), 0o600)


def write_companions(system: System, release_hash: str, request: StageRequest) -> None:
    """What came beside the release may change while the release stays: credentials rotate, keys retire."""
    placement = request.placement
    document = {
        "lan": placement.lan,
        "lanPrefix": placement.lan_prefix,
        "retireBootstrapKey": placement.retire_bootstrap_key,
        "existing": vars(placement.existing) if placement.existing else None,
        "lan6": placement.lan6,
    }
    system.write(folder(release_hash) + "/placement.json", canonical(document), 0o600)
    system.write(folder(release_hash) + "/credentials.json", canonical(request.credentials), 0o600)


def load_release(system: System, release_hash: str) -> Release | None:
    """None when it is not here, or is not what its name says (somebody edited it): then it has to be staged again."""
    data = system.read(folder(release_hash) + "/release.json")
    if data is None:
        return None
    release = parse_release(Node(json.loads(data), "release.json"))
    return release if release.hash == release_hash else None


def staged_release(system: System, release_hash: str) -> Release:
    release = load_release(system, release_hash)
    if release is None or not system.exists(folder(release_hash) + "/placement.json"):
        raise WrongState("not-staged", f"release {release_hash} is not on this host; stage it first")
    return release


def load_placement(system: System, release_hash: str) -> Placement | None:
    data = system.read(folder(release_hash) + "/placement.json")
    if data is None:
        return None
    known = json.loads(data)
    existing = Existing(**known["existing"]) if known.get("existing") else None
    # An older tool, whose releases may still be here, wrote no lan6.
    lan6 = known.get("lan6")
    return Placement(str(known["lan"]), str(known["lanPrefix"]), bool(known["retireBootstrapKey"]), existing, lan6)


def load_credentials(system: System, release_hash: str) -> dict[str, str]:
    data = system.read(folder(release_hash) + "/credentials.json")
    return {} if data is None else {str(k): str(v) for k, v in json.loads(data).items()}


def prune(system: System, keep: list[str | None]) -> None:
    """Drops releases that nothing can go back to."""
    for name in system.entries(RELEASES):
        if name not in keep:
            system.remove_tree(folder(name))
