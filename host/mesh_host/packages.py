"""Debian packages in exact versions, from the vendors that a release names."""

from __future__ import annotations

import json

from mesh_host.errors import CommandFailed
from mesh_host.openpgp import primary_fingerprint
from mesh_host.release import Release
from mesh_host.system import System

SOURCES = "/etc/site-mesh/apt-sources.json"
APT_TIMEOUT = 600


def installed(system: System, package: str) -> tuple[str | None, bool]:
    """(version, held); (None, False) when it is not installed."""
    result = system.run(["dpkg-query", "-W", "-f=${db:Status-Want} ${db:Status-Status} ${Version}", package])
    words = result.out.split()
    if result.code != 0 or len(words) != 3 or words[1] != "installed":
        return None, False
    return words[2], words[0] == "hold"


def drifted(system: System, release: Release) -> dict[str, str | None]:
    """Packages that are not as the release says → their version now."""
    now = {name: installed(system, name) for name in release.packages}
    return {name: now[name][0] for name, version in release.packages.items() if now[name] != (version, True)}


def ensure(system: System, release: Release) -> None:
    """Installs and holds what is missing. Raises CommandFailed; then no file of the release has been placed yet."""
    missing = [name for name, version in release.packages.items() if installed(system, name)[0] != version]
    if missing:
        add_sources(system, release, missing)
        lock = ["-o", "DPkg::Lock::Timeout=120"]
        system.must(["apt-get", "-q", *lock, "update"], timeout=APT_TIMEOUT)
        keep = ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
        wanted = [f"{name}={release.packages[name]}" for name in sorted(missing)]
        allow = ["--allow-downgrades", "--allow-change-held-packages", "--no-install-recommends"]
        system.must(["apt-get", "-q", "-y", *lock, *keep, *allow, "install", *wanted], timeout=APT_TIMEOUT)
    hold(system, release)


def hold(system: System, release: Release) -> None:
    """Holds what is installed; a revert comes here too, without installing anything."""
    for name in sorted(release.packages):
        version, held = installed(system, name)
        if version is not None and not held:
            system.must(["apt-mark", "hold", name])


def release_holds(system: System, names: list[str]) -> None:
    """Lets go of packages that a release no longer has; they stay installed."""
    for name in sorted(names):
        if installed(system, name)[1]:
            system.must(["apt-mark", "unhold", name])


def add_sources(system: System, release: Release, packages: list[str]) -> None:
    """Writes list and key of every vendor of `packages`, for this host's own distribution."""
    file = release.files.get(SOURCES)
    for source in json.loads(file.content) if file else []:
        if not set(source["packages"]) & set(packages):
            continue
        known = os_release(system)
        place = {"id": known.get("ID", ""), "codename": known.get("VERSION_CODENAME", "")}
        keyring = "/etc/apt/keyrings/site-mesh-{}.gpg".format(source["name"])
        if not _fits(system.read(keyring) or b"", source["fingerprint"]):
            url = source["key"].format(**place)
            key = system.fetch(url)
            if not _fits(key, source["fingerprint"]):
                raise CommandFailed(
                    "the signing key at {} is not the pinned one ({}); nothing was installed".format(
                        url, source["fingerprint"]
                    ),
                    "fetch " + url,
                    "",
                )
            system.write(keyring, key, 0o644)
        line = "deb [signed-by={}] {} {} main\n".format(keyring, source["url"].format(**place), place["codename"])
        system.write("/etc/apt/sources.list.d/site-mesh-{}.list".format(source["name"]), line.encode())


def _fits(key: bytes, fingerprint: str) -> bool:
    try:
        return primary_fingerprint(key) == fingerprint
    except ValueError:
        return False


def os_release(system: System) -> dict[str, str]:
    pairs = (line.partition("=") for line in (system.text("/etc/os-release") or "").splitlines() if "=" in line)
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}
