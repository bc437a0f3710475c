"""What a release stands on: system, disk, package manager, names that are taken already."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_host import interfaces, machine, needs, packages, unit_state
from mesh_host.errors import Usage
from mesh_host.finding import Finding, Scene, refuse, warn
from mesh_host.system import LIB, System

# Oldest release whose OpenSSH, nft and systemd know what our files say.
OLDEST = {"debian": 12.0, "ubuntu": 22.04}
ROOM = 256 * 1024 * 1024
APT_LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock")


def ground(scene: Scene) -> Iterator[Finding]:
    yield from _system(scene)
    yield from _addresses(scene)
    yield from _disk(scene)
    yield from _package_manager(scene)


def taken(scene: Scene) -> Iterator[Finding]:
    """Names and numbers that a first release would use, and somebody else does. It cannot know whose they are."""
    there = machine.listed_tables(scene.system)
    for table in needs.tables(scene.release):
        if table in there:
            yield refuse("nft-table", f"there is an nft table {table} that we did not make", "rename or delete it")
    wanted = needs.preferences(scene.release)
    rules = [rule for rules in machine.listed_rules(scene.system).values() for rule in rules]
    for preference in sorted({str(rule["priority"]) for rule in rules if rule.get("priority") in wanted}):
        detail = f"there is an ip rule at preference {preference} that we did not make; ours would replace it"
        yield refuse("ip-rule", detail, "give it another preference")
    yield from _sysctls(scene)
    yield from _units(scene)


def _system(scene: Scene) -> Iterator[Finding]:
    known = packages.os_release(scene.system)
    name, version = known.get("ID", ""), known.get("VERSION_ID", "")
    oldest = OLDEST.get(name)
    if oldest is None or _number(version) < oldest:
        supported = ", ".join(f"{one} {number:g} or newer" for one, number in OLDEST.items())
        detail = f"this is {name or 'an unknown system'} {version}".strip()
        yield refuse("os", detail, f"use another machine, or bring this one to one of: {supported}")
    if not scene.system.exists("/run/systemd/system"):
        yield refuse(
            "systemd", "systemd does not run here, and units are what a release is made of", "use another machine"
        )
    if scene.brings_tailscale and not scene.system.exists("/dev/net/tun"):
        yield refuse("tun", "there is no /dev/net/tun, as in some containers", "have TUN switched on for this machine")


def _number(version: str) -> float:
    try:
        return float(version)
    except ValueError:
        # A rolling release has none and is newer than all.
        return float("inf") if not version else 0.0


def _addresses(scene: Scene) -> Iterator[Finding]:
    lan, lan6 = scene.placement.lan, scene.placement.lan6
    found = interfaces.find_interfaces(scene.system, lan, lan6)
    if found.lan is None:
        yield refuse(
            "lan", f"no interface of this machine has the LAN address {lan}", "give it that one, or correct lan"
        )
    elif found.lan6 != lan6:
        yield refuse(
            "lan", f"{found.lan.name} does not have the LAN address {lan6}", "give it that one, or correct lan6"
        )
    if found.public is None:
        choice = "give it a default route out of an interface with an address"
        yield refuse("default-route", "no interface with an address carries a default route", choice)


def _disk(scene: Scene) -> Iterator[Finding]:
    folders = {path.rpartition("/")[0] for path in scene.release.files} | {LIB, "/usr/local/lib"}
    for folder in sorted(folders):
        if scene.system.room(folder)[1]:
            yield refuse("read-only", f"{folder} is on a read-only file system", "have it writable, for good")
    for folder in ("/usr", "/var"):
        room = scene.system.room(folder)[0]
        if room < ROOM:
            detail = f"{room // 2**20} MiB are free for {folder}"
            yield refuse("disk", detail, f"make room: {ROOM // 2**20} MiB are needed")
    for path in sorted(scene.release.files):
        try:
            scene.system.look(path)
        except Usage as error:
            yield refuse("path", error.message, "move it away")


def _package_manager(scene: Scene) -> Iterator[Finding]:
    system, wanted = scene.system, scene.release.packages
    if all(packages.installed(system, name)[0] == version for name, version in wanted.items()):
        return
    if _locked(system):
        yield warn("apt", "the package manager is at work; a release waits two minutes for it", "wait until it is done")
    audit = system.run(["dpkg", "--audit"])
    if audit.code == 127:
        yield refuse("apt", "this machine has no dpkg, and a release brings packages", "use another machine")
    elif audit.out.strip():
        yield refuse("apt", "packages are half installed: " + audit.out.strip()[:300], "dpkg --configure -a")


def _locked(system: System) -> bool:
    """From the kernel's list: to try a lock would be to take it."""
    inodes = {str(system.inode(path)) for path in APT_LOCKS}
    lines = [line.split() for line in (system.text("/proc/locks") or "").splitlines()]
    return any(word.rpartition(":")[2] in inodes for words in lines for word in words if word.count(":") == 2)


def _sysctls(scene: Scene) -> Iterator[Finding]:
    """Files are read in the order of their names, whatever their folder, and the last value counts."""
    wanted = needs.sysctls(scene.release)
    ours = [path.rpartition("/")[2] for path in scene.release.files if path.startswith(needs.SYSCTL_FOLDER)]
    for name, path in sorted(_sysctl_files(scene.system).items()):
        if name in ours:
            continue
        values = needs.sysctl_lines(scene.system.text(path) or "")
        for key in sorted(set(values) & set(wanted)):
            line = f"{path} sets {key} = {values[key]}"
            if values[key] == wanted[key]:
                yield warn("forwarding" if "forward" in key else "sysctl", line + ", as we do; it stays when we go.")
            elif name > max(ours):
                detail = f"{line} and is read after ours: sysctl --system would undo {wanted[key]}"
                yield refuse("sysctl", detail, "take that line out")


def _sysctl_files(system: System) -> dict[str, str]:
    found: dict[str, str] = {}
    # The first folder that has a name hides the others.
    for folder in ("/usr/lib/sysctl.d", "/run/sysctl.d", "/etc/sysctl.d"):
        found.update({name: f"{folder}/{name}" for name in system.entries(folder) if name.endswith(".conf")})
    if system.exists("/etc/sysctl.conf"):
        # sysctl --system reads it last; Debian links 99-sysctl.conf to it.
        found["99-sysctl.conf"] = "/etc/sysctl.conf"
    return found


def _units(scene: Scene) -> Iterator[Finding]:
    for name in sorted(scene.release.units):
        if unit_state.enabled(scene.system, name).startswith("masked"):
            yield refuse("unit", f"{name} is masked, and would have to start", f"systemctl unmask {name}")
