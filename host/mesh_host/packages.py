"""Debian packages in exact versions, from the vendors that a release names."""

from __future__ import annotations

import json

from mesh_host.errors import CommandFailed
from mesh_host.openpgp import primary_fingerprint
from mesh_host.release import Release
from mesh_host.system import System

SOURCES = "/etc/site-mesh/apt-sources.json"
APT_TIMEOUT = 600
# Seconds that another package manager gets to end.
LOCK_WAIT = 120


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
        lock = ["-o", f"DPkg::Lock::Timeout={LOCK_WAIT}"]
        _update(system)
        keep = ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
        wanted = [f"{name}={release.packages[name]}" for name in sorted(missing)]
        allow = ["--allow-downgrades", "--allow-change-held-packages", "--no-install-recommends"]
        _install(system, ["apt-get", "-q", "-y", *lock, *keep, *allow, "install", *wanted])
    hold(system, release)


def _update(system: System) -> None:
    """Fetches the lists.

    For their lock apt waits for nobody, whatever DPkg::Lock::Timeout says, and a server fetches them by itself as well.
    """
    deadline = system.monotonic() + LOCK_WAIT
    while True:
        try:
            system.must(["apt-get", "-q", "update"], timeout=APT_TIMEOUT)
            return
        except CommandFailed as error:
            if "Could not get lock" not in str(error.more["stderr"]) or system.monotonic() >= deadline:
                raise
        system.sleep(2)


def _install(system: System, command: list[str]) -> None:
    try:
        system.must(command, timeout=APT_TIMEOUT)
    except CommandFailed as error:
        if "dpkg was interrupted" not in str(error.more["stderr"]):
            raise
        # The power failed while dpkg was at work: nothing can be installed before that is ended.
        system.must(["dpkg", "--force-confdef", "--force-confold", "--configure", "-a"], timeout=APT_TIMEOUT)
        system.must(command, timeout=APT_TIMEOUT)


def hold(system: System, release: Release) -> None:
    """Holds what is installed; a revert comes here too, without installing anything."""
    for name in sorted(release.packages):
        version, held = installed(system, name)
        if version is not None and not held:
            system.must(["apt-mark", "hold", name])


def release_holds(system: System, left: dict[str, bool]) -> None:
    """Packages that a release no longer has stay installed, held as they were before: name → whether they were."""
    for name, held in sorted(left.items()):
        version, now = installed(system, name)
        if version is not None and now != held:
            system.must(["apt-mark", "hold" if held else "unhold", name])


def needed_by(system: System, name: str) -> list[str]:
    """Packages that would have to go with this one."""
    plan = system.must(["apt-get", "-s", "-q", "--allow-change-held-packages", "purge", name], timeout=APT_TIMEOUT)
    words = [line.split() for line in plan.splitlines()]
    going = {word[1].partition(":")[0] for word in words if len(word) > 1 and word[0] in ("Purg", "Remv")}
    return sorted(going - {name})


def purge(system: System, name: str) -> None:
    """Takes a package away that nobody had before us, its settings and state included."""
    lock = ["-o", "DPkg::Lock::Timeout=60"]
    system.must(["apt-get", "-q", "-y", *lock, "--allow-change-held-packages", "purge", name], timeout=APT_TIMEOUT)


def source_files(release: Release) -> list[str]:
    """Paths that `add_sources` may write."""
    file = release.files.get(SOURCES)
    names = [source["name"] for source in (json.loads(file.content) if file else [])]
    return [path for name in names for path in (_keyring(name), _list(name))]


def _keyring(name: str) -> str:
    return f"/etc/apt/keyrings/site-mesh-{name}.gpg"


def _list(name: str) -> str:
    return f"/etc/apt/sources.list.d/site-mesh-{name}.list"


def add_sources(system: System, release: Release, packages: list[str]) -> None:
    """Writes list and key of every vendor of `packages`, for this host's own distribution."""
    file = release.files.get(SOURCES)
    for source in json.loads(file.content) if file else []:
        if not set(source["packages"]) & set(packages):
            continue
        known = os_release(system)
        place = {"id": known.get("ID", ""), "codename": known.get("VERSION_CODENAME", "")}
        keyring = _keyring(source["name"])
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
        system.write(_list(source["name"]), line.encode())


def _fits(key: bytes, fingerprint: str) -> bool:
    try:
        return primary_fingerprint(key) == fingerprint
    except ValueError:
        return False


def os_release(system: System) -> dict[str, str]:
    pairs = (line.partition("=") for line in (system.text("/etc/os-release") or "").splitlines() if "=" in line)
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}
