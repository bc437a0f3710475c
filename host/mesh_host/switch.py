"""Makes a host what one release says, from whatever it is now. Activation, revert and restore are all this.

Killed anywhere and run again it converges: originals are noted before the first change, and the paths whose units still
have to hear of a change are on disk (`State.dirty`) before the files change.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mesh_host import hostkeys, interfaces, machine, needs, originals, packages, store, unit_state
from mesh_host.errors import CommandFailed
from mesh_host.originals import Originals
from mesh_host.release import File, Release
from mesh_host.store import State
from mesh_host.system import LIB, System

CREDENTIALS = LIB + "/credentials"
SSH_UNIT = "ssh.service"
# A unit may run a package's first start or a slow daemon's stop.
UNIT_TIMEOUT = 90


@dataclass
class Switched:
    restored: list[str] = field(default_factory=list)
    restarted: list[str] = field(default_factory=list)


def switch(system: System, state: State, target: str | None, going_back: bool = False) -> Switched:
    """Places release `target`, or with None what was there before the first one. Raises CommandFailed.

    `going_back`: a unit that fails does not keep the others from what they were; the first failure is raised last.
    """
    release = store.staged_release(system, target) if target else Release()
    done = Switched()
    known = originals.load(system)
    if target:
        hostkeys.ensure_ed25519(system)
    wanted = _wanted(system, state, release, target)
    originals.capture(system, known, list(wanted), release)
    around = _surroundings(system, target)
    _note_changes(system, state, known, wanted, around)
    _write_surroundings(system, around, target)
    _stop_leaving(system, known, release)
    for path, file in wanted.items():
        if _differs(system, path, file):
            system.write(path, file.data, file.mode)
    for path in sorted(set(known.paths) - set(wanted)):
        if originals.put_back(system, path, known.paths[path]):
            done.restored.append(path)
    for path in known.paths:
        # A run that was killed while it wrote this one.
        system.remove(system.part(path))
    system.must(["systemctl", "daemon-reload"])
    failures = _settle_units(system, state, known, release, done, going_back)
    if failures:
        raise failures[0]
    done.restored += machine.sweep(system, known, release)
    packages.hold(system, release)
    left = {name: package.held for name, package in known.packages.items() if name not in release.packages}
    packages.release_holds(system, left)
    _forget(system, known, set(wanted), release)
    state.previous = state.active if state.active != target else state.previous
    state.active = target
    state.dirty = []
    state.switching = False
    store.save_state(system, state)
    _point_at(system, state)
    return done


def changes(system: System, release: Release) -> list[str]:
    """Paths that a switch to `release` would change: what differs, and what would go back to its original."""
    known = originals.load(system)
    ours = [hostkeys.DROP_IN]
    differing = [path for path, file in release.files.items() if _differs(system, path, file)]
    leaving = [path for path in known.paths if path not in release.files and path not in ours]
    return sorted([*differing, *(path for path in leaving if system.look(path) != known.paths[path])])


def _wanted(system: System, state: State, release: Release, target: str | None) -> dict[str, File]:
    if not target:
        return {}
    keys = File(hostkeys.drop_in_text(system, state), 0o644)
    return {**release.files, hostkeys.DROP_IN: keys}


def _differs(system: System, path: str, file: File) -> bool:
    now = system.look(path)
    return now.kind != "file" or now.data != file.data or now.mode != file.mode


def _surroundings(system: System, target: str | None) -> dict[str, bytes]:
    """Files outside the hash that differ from what `target` needs: interface names and credentials."""
    placement = store.load_placement(system, target) if target else None
    if placement is None or target is None:
        return {}
    found = interfaces.find_interfaces(system, placement.lan, placement.lan6)
    texts = {f"{CREDENTIALS}/{name}": text for name, text in store.load_credentials(system, target).items()}
    whole = found.lan is not None and found.public is not None
    # What cannot be found now was known before: a release that took the default route away must not keep the rules of
    # the last one from loading, or nothing could go back.
    if whole or not system.exists(interfaces.INCLUDE):
        texts[interfaces.INCLUDE] = interfaces.include_text(found)
    if whole or not system.exists(interfaces.ENVIRONMENT):
        texts[interfaces.ENVIRONMENT] = interfaces.environment_text(found)
    return {path: text.encode() for path, text in sorted(texts.items()) if system.read(path) != text.encode()}


def _write_surroundings(system: System, files: dict[str, bytes], target: str | None) -> None:
    system.mkdir(CREDENTIALS, 0o700)
    for path, data in files.items():
        system.write(path, data, 0o600 if path.startswith(CREDENTIALS) else 0o644)
    kept = store.load_credentials(system, target) if target else {}
    for name in system.entries(CREDENTIALS):
        if name not in kept:
            system.remove(f"{CREDENTIALS}/{name}")


def _note_changes(
    system: System, state: State, known: Originals, wanted: dict[str, File], around: dict[str, bytes]
) -> None:
    state.switching = True
    dirty = set(state.dirty)
    dirty.update(path for path, file in wanted.items() if _differs(system, path, file))
    gone = [path for path in known.paths if path not in wanted]
    dirty.update(path for path in gone if system.look(path) != known.paths[path])
    # A file that names a changed one of these is as good as changed: its unit has to read it again.
    dirty.update(path for path, file in wanted.items() if any(name in file.content for name in around))
    state.dirty = sorted(dirty)
    store.save_state(system, state)


def _stop_leaving(system: System, known: Originals, release: Release) -> None:
    """Units of ours that the release lacks stop while their file, and so their ExecStop, is still there."""
    for name in sorted(set(known.units) - set(release.units)):
        if known.owns(name) and system.exists(originals.UNIT_FOLDER + name):
            system.must(["systemctl", "disable", "--now", name], timeout=UNIT_TIMEOUT)
            if unit_state.active(system, name) == "failed":
                # systemd would go on listing it, without a file.
                system.must(["systemctl", "reset-failed", name])


def _settle_units(
    system: System, state: State, known: Originals, release: Release, done: Switched, going_back: bool
) -> list[CommandFailed]:
    dirty = set(state.dirty)
    failures: list[CommandFailed] = []
    for name in sorted(known.units):
        unit = known.units[name]
        if name not in release.units and known.owns(name):
            continue
        wanted = release.units.get(name)
        enabled, active = (wanted.enabled, wanted.enabled) if wanted else (unit.enabled, unit.active)
        touched = bool(dirty & set(unit.watches)) or (name == SSH_UNIT and hostkeys.DROP_IN in dirty)
        try:
            _settle(system, name, enabled, active, unit.on_change if touched else "", done)
        except CommandFailed as error:
            if not going_back:
                raise
            failures.append(error)
    if SSH_UNIT not in known.units and hostkeys.DROP_IN in dirty:
        _settle(system, SSH_UNIT, None, True, "reload", done)
    return failures


def _settle(system: System, name: str, enabled: bool | None, active: bool, on_change: str, done: Switched) -> None:
    if enabled is not None and (unit_state.enabled(system, name) == "enabled") != enabled:
        # --no-reload: of what decides about the next boot, systemd needs to know nothing now.
        system.must(["systemctl", "enable" if enabled else "disable", "--no-reload", name])
    found = unit_state.active(system, name)
    running = found == "active"
    if not active:
        if running:
            system.must(["systemctl", "stop", name], timeout=UNIT_TIMEOUT)
        return
    if running and not on_change:
        return
    verb = "reload-or-restart" if running and on_change == "reload" else "restart"
    if found == "failed":
        # One that failed too often in a row would refuse even a good release.
        system.must(["systemctl", "reset-failed", name])
    system.must(["systemctl", verb, name], timeout=UNIT_TIMEOUT)
    done.restarted.append(name)


def _forget(system: System, known: Originals, wanted: set[str], release: Release) -> None:
    """What went back is nobody's of ours any more: the next release that touches it notes it anew."""
    known.paths = {path: original for path, original in known.paths.items() if path in wanted}
    known.units = {name: unit for name, unit in known.units.items() if name in release.units}
    # What we installed on a machine that was not ours stays noted: only a restore takes it away.
    known.packages = {
        name: package
        for name, package in known.packages.items()
        if name in release.packages or (known.existing and package.version is None)
    }
    known.tables, known.preferences = needs.tables(release), needs.preferences(release)
    known.kernel = known.kernel if needs.sysctls(release) else {}
    originals.save(system, known)


def _point_at(system: System, state: State) -> None:
    for name, target in (("current", state.active), ("previous", state.previous)):
        if target:
            system.link(f"{LIB}/{name}", "releases/" + target)
        else:
            system.remove(f"{LIB}/{name}")
