"""`apply …`: stage, activate, confirm, status, and the timer's revert."""

from __future__ import annotations

import re

from mesh_host import checks, hostkeys, machine, node, packages, preflight, revert, store, tailscale, unit_state
from mesh_host.errors import Check, CheckFailed, CommandFailed, ToolError, WrongState, failed_file
from mesh_host.release import File, Release, Unit, parse_stage
from mesh_host.store import State
from mesh_host.switch import changes, switch
from mesh_host.system import System

Answer = dict[str, object]
STABLE = "/usr/local/lib/site-mesh/mesh-host"
# Seconds; `mesh status` waits ten for an answer.
BOOT_WAIT = 8


def stage(system: System, stdin: bytes) -> Answer:
    """Writes and checks a release; nothing that runs sees it. The same one again is a no-op."""
    request = parse_stage(stdin)
    release_hash = request.release.hash
    with system.lock():
        preflight.refuse_first(system, request.release, request.placement)
        # Units of the release name the stable path, and systemd-analyze looks whether it is there.
        if not system.exists(STABLE):
            system.link(STABLE, system.tool)
        place = store.folder(release_hash)
        known = store.load_release(system, release_hash) is not None
        fresh = place if known else place + ".tmp"
        if not known:
            system.remove_tree(place)
            try:
                store.write_release(system, request, fresh)
            except OSError:
                # A disk that is full now would stay so.
                system.remove_tree(fresh)
                raise
        found = checks.stage_checks(system, request.release, request.placement, fresh)
        if checks.failed(found):
            if not known:
                system.remove_tree(fresh)
            raise CheckFailed(_reasons("the release was refused and nothing was changed", found), found)
        if not known:
            system.rename(fresh, place)
        store.write_companions(system, release_hash, request)
        return {"hash": release_hash, "checks": found, "changed": changes(system, request.release)}


def activate(system: System, release_hash: str, seconds: int) -> Answer:
    """Places a staged release, to be confirmed within `seconds` over another connection."""
    with system.lock():
        release = store.staged_release(system, release_hash)
        placement = store.load_placement(system, release_hash)
        # Again: the machine may have changed since it was staged, and this is the last moment to leave it alone.
        preflight.refuse_first(system, release, placement)
        machine.note(system, release, placement is not None and placement.existing is not None)
        # Before the timer: a download may take longer than the time for confirmation.
        packages.ensure(system, release)
        state = store.load_state(system)
        if state.pending is None:
            state.overlay = node.is_joined(system) and tailscale.status(system).state == "Running"
        state.pending = release_hash
        state.pending_session = system.session()
        state.switching = True
        store.save_state(system, state)
        try:
            revert.arm(system, release_hash, seconds)
            done = switch(system, state, release_hash)
        except (ToolError, OSError) as error:
            failed = failed_file(error) if isinstance(error, OSError) else error
            raise _after_going_back(system, failed) from error
        system.link(STABLE, system.tool)
        return {
            "active": release_hash,
            "previous": state.previous,
            "revertInSeconds": seconds,
            "restarted": done.restarted,
        }


def _after_going_back(system: System, error: ToolError) -> ToolError:
    """The half placed release goes away now. When even that fails the timer stays armed and tries again."""
    state = store.load_state(system)
    try:
        _go_back(system, state)
        told = "the last confirmed release is back"
    except (ToolError, OSError) as second:
        told = f"going back failed too ({second}); the timer will try again"
    return CommandFailed(
        f"{error.message}; {told}", str(error.more.get("command", "")), str(error.more.get("stderr", ""))
    )


def _go_back(system: System, state: State) -> None:
    switch(system, state, state.confirmed, going_back=True)
    state.pending = state.pending_session = None
    store.save_state(system, state)
    revert.disarm(system)


def confirm(system: System, release_hash: str) -> Answer:
    """Keeps the active release when the data path works. Raises CheckFailed; then the timer goes on running."""
    with system.lock():
        state = store.load_state(system)
        placement = store.load_placement(system, release_hash)
        if state.active != release_hash or placement is None:
            message = f"release {release_hash} is not active here; it was never activated, or it was reverted"
            raise WrongState("not-active", message)
        if state.switching:
            message = f"release {release_hash} is only half placed: its activation, or going back, was cut off"
            raise WrongState("not-active", message)
        session = system.session()
        if state.pending is not None and session is not None and session == state.pending_session:
            message = "this connection is older than the release; open a new one to confirm it"
            raise WrongState("same-connection", message)
        found = checks.confirm_checks(system, placement, node.is_joined(system) and state.overlay)
        if checks.failed(found):
            raise CheckFailed(_reasons("the data path does not work, so the release goes back by itself", found), found)
        # State first: a timer that still fires finds nothing pending and does nothing.
        state.confirmed = release_hash
        state.pending = state.pending_session = None
        store.save_state(system, state)
        revert.disarm(system)
        if placement.retire_bootstrap_key:
            hostkeys.retire(system, state)
        store.prune(system, [state.active, state.previous])
        return {"confirmed": release_hash, "checks": found, "hostKey": hostkeys.public_key(system, "ed25519")}


def go_back_by_timer(system: System, release_hash: str) -> Answer:
    """Run by the timer: the last confirmed release, or what was there before the first, unless confirmed meanwhile."""
    with system.lock(wait=True):
        state = store.load_state(system)
        if state.pending == release_hash:
            _go_back(system, state)
        elif state.pending is None:
            revert.disarm(system)
        return {"reverted": state.active}


def status(system: System) -> Answer:
    """What is active, and where the host is no longer what the active release says."""
    state = store.load_state(system)
    release = store.load_release(system, state.active) if state.active else None
    live, drift = _settled(system, release) if release else (None, [])
    return {
        "active": state.active,
        "confirmed": state.confirmed,
        "pendingRevert": state.pending is not None,
        "live": live,
        "drift": drift,
        "hostKey": hostkeys.public_key(system, "ed25519"),
        "tool": _linked_tool(system),
    }


def _settled(system: System, release: Release) -> tuple[str, list[str]]:
    """What `compare` finds, once systemd has started what it is starting: SSH lets us in before a boot is over."""
    deadline = system.monotonic() + BOOT_WAIT
    while True:
        found = compare(system, release)
        idle = any(line.startswith("unit ") for line in found[1])
        if not idle or not unit_state.booting(system) or system.monotonic() >= deadline:
            return found
        system.sleep(0.5)


def _linked_tool(system: System) -> str | None:
    """First 16 hex digits of the sha256 of the tool that activated last, which units run."""
    found = re.search(r"tool-([0-9a-f]{16})/", system.look(STABLE).data.decode(errors="replace"))
    return found[1] if found else None


def compare(system: System, release: Release) -> tuple[str, list[str]]:
    """(hash of the release as it is found on the host, what differs)."""
    files: dict[str, File] = {}
    for path in release.files:
        now = system.look(path)
        if now.kind == "file":
            files[path] = File(now.data.decode(errors="replace"), now.mode)
    units: dict[str, Unit] = {}
    for name, unit in release.units.items():
        runs = unit_state.active(system, name) == "active"
        boots = unit_state.enabled(system, name) not in ("disabled", "masked", "absent")
        as_wanted = (runs and boots) if unit.enabled else not (runs or boots)
        units[name] = unit if as_wanted else Unit(not unit.enabled, unit.on_change, unit.watches)
    wrong = packages.drifted(system, release)
    found = {name: _found(wrong, name, version) for name, version in release.packages.items()}
    drift = [path for path, file in release.files.items() if files.get(path) != file]
    drift += ["package " + name for name in wrong]
    drift += ["unit " + name for name in units if units[name] != release.units[name]]
    return Release(files, units, found).hash, sorted(drift)


def _found(wrong: dict[str, str | None], name: str, version: str) -> str:
    """A right version that is not held must not hash like a held one."""
    now = wrong.get(name, version) or "absent"
    return now + " not held" if name in wrong and now == version else now


def _reasons(what: str, found: list[Check]) -> str:
    return what + ": " + "; ".join("{}: {}".format(one["name"], one["detail"]) for one in checks.failed(found))
