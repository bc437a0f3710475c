"""What a release changes on a machine beyond files, units and packages, and how all of it goes back.

On a server that we made nothing of this is noted: it goes away with all that is on it.
"""

from __future__ import annotations

import posixpath

from mesh_host import hostkeys, needs, originals, packages
from mesh_host.interfaces import ip6_json, ip_json
from mesh_host.originals import Originals, PackageOriginal
from mesh_host.release import Release
from mesh_host.system import LIB, Original, System

CONF = "/proc/sys/net/{}/conf"
FORWARDING = {"net.ipv4.ip_forward": "ipv4", "net.ipv6.conf.all.forwarding": "ipv6"}
OURS = (LIB, "/usr/local/lib/site-mesh")


def note(system: System, release: Release, existing: bool) -> None:
    """Notes how packages, and on an existing machine all the rest, are before `release`: on disk before it returns."""
    known = originals.load(system)
    for name in sorted(release.packages):
        if name not in known.packages:
            known.packages[name] = PackageOriginal(*packages.installed(system, name))
    if existing:
        known.existing = True
        _note_machine(system, known, release)
    originals.save(system, known)


def _note_machine(system: System, known: Originals, release: Release) -> None:
    # A package starts its daemon while it is installed: how the unit was has to be known before that.
    originals.note_units(system, known, release)
    for path in _kernel_paths(system, release):
        value = system.text(path)
        if value is not None:
            known.kernel.setdefault(path, value.strip())
    known.tables = sorted({*known.tables, *needs.tables(release)})
    known.preferences = sorted({*known.preferences, *needs.preferences(release)})
    for path in packages.source_files(release):
        known.aside.setdefault(path, system.look(path))
    key = hostkeys.key_path("ed25519")
    # A key that is there is kept, and need not be copied.
    if not system.exists(key):
        for path in (key, key + ".pub"):
            known.aside.setdefault(path, Original("absent"))
    paths = [*release.files, hostkeys.DROP_IN, *known.aside]
    missing = {folder for path in paths for folder in _folders_above(path) if not system.exists(folder)}
    known.folders = sorted({*known.folders, *missing})


def _folders_above(path: str) -> list[str]:
    found = []
    while path not in ("/", ""):
        path = posixpath.dirname(path)
        found.append(path)
    return found


def _kernel_paths(system: System, release: Release) -> list[str]:
    """What the release sets, and what the kernel sets with it: forwarding carries every interface's along."""
    keys = needs.sysctls(release)
    paths = {needs.kernel_path(key) for key in keys}
    for key, family in FORWARDING.items():
        if key in keys:
            folder = CONF.format(family)
            paths.update(f"{folder}/{name}/forwarding" for name in system.entries(folder))
    if "net.ipv4.ip_forward" in keys:
        paths.add(CONF.format("ipv4") + "/all/accept_redirects")
    return sorted(paths)


def listed_tables(system: System) -> list[str]:
    """`inet mesh_site`; nothing where nft is not installed."""
    lines = system.run(["nft", "list", "tables"]).out.splitlines()
    return [" ".join(line.split()[1:3]) for line in lines if line.startswith("table ")]


def listed_rules(system: System) -> dict[str, list[dict[str, object]]]:
    """By the flag that `ip` has for their family."""
    return {"-4": ip_json(system, "rule", "show"), "-6": ip6_json(system, "rule", "show")}


def rule_text(rule: dict[str, object]) -> str:
    """`2500: from all to 10.77.10.0/24 lookup main`"""
    action = rule.get("action") or f"lookup {rule.get('table')}"
    source = rule.get("src", "all")
    target = f" to {rule['dst']}" + (f"/{rule['dstlen']}" if "dstlen" in rule else "") if "dst" in rule else ""
    return f"{rule.get('priority')}: from {source}{target} {action}"


def sweep(system: System, known: Originals, release: Release) -> list[str]:
    """Takes away, and sets back, what earlier releases made and `release` does not; answers what.

    The units that made it are stopped by now. What is still there is of one that had failed, or was stopped by hand.
    """
    if not known.existing:
        return []
    back = []
    there = listed_tables(system) if set(known.tables) - set(needs.tables(release)) else []
    for table in known.tables:
        if table in there and table not in needs.tables(release):
            system.must(["nft", "delete", "table", *table.split()])
            back.append("nft table " + table)
    for preference in sorted(set(known.preferences) - set(needs.preferences(release))):
        listed = listed_rules(system).items()
        ours = [flag for flag, rules in listed for rule in rules if rule.get("priority") == preference]
        for flag in ours:
            system.must(["ip", flag, "rule", "del", "pref", str(preference)])
        if ours:
            back.append(f"ip rules at {preference}")
    return back + ([] if needs.sysctls(release) else _put_back_kernel(system, known))


def _put_back_kernel(system: System, known: Originals) -> list[str]:
    # These two first: the kernel changes others of the list with them.
    switches = [needs.kernel_path(key) for key in FORWARDING]
    back = []
    for path in sorted(known.kernel, key=lambda one: (one not in switches, one)):
        now = system.text(path)
        # The interface may be gone.
        if now is not None and now.strip() != known.kernel[path]:
            system.poke(path, known.kernel[path] + "\n")
            back.append("sysctl " + path[len(needs.KERNEL) :])
    return back


def put_back_aside(system: System, known: Originals) -> list[str]:
    hostkeys.forget_half(system)
    back = [path for path in sorted(known.aside) if originals.put_back(system, path, known.aside[path])]
    for path in known.aside:
        system.remove(system.part(path))
    return back


def put_back_packages(system: System, known: dict[str, PackageOriginal]) -> tuple[list[str], list[str]]:
    """(what went, what stays and why). What was there before stays in the version that it has: no downgrades."""
    gone, kept = [], []
    for name, package in sorted(known.items()):
        now, _ = packages.installed(system, name)
        if now is None or now == package.version:
            continue
        others = packages.needed_by(system, name) if package.version is None else []
        if package.version is not None:
            kept.append(f"package {name} stays in version {now}; before the first release it was {package.version}")
        elif others:
            kept.append("package {} stays: {} would have to go with it".format(name, ", ".join(others)))
        else:
            packages.purge(system, name)
            gone.append("package " + name)
    return gone, kept


def remove_folders(system: System, known: Originals) -> list[str]:
    """Folders that were not there before, and last of all our own; answers those that stay, being in use."""
    deepest_first = sorted(known.folders, key=lambda path: -path.count("/"))
    kept = [path for path in deepest_first if not system.remove_folder(path)]
    for path in OURS:
        system.remove_tree(path)
    innermost = [path for path in kept if not any(other.startswith(path + "/") for other in kept)]
    return [f"folder {path} stays: there is something in it that is not ours" for path in innermost]
