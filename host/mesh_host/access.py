"""Who could log in over SSH before a release and cannot after it."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass

from mesh_host import needs
from mesh_host.finding import Finding, Scene, refuse, warn
from mesh_host.release import Release
from mesh_host.system import System

NO_SHELLS = ("/nologin", "/false", "/sync", "/shutdown", "/halt")


@dataclass(frozen=True)
class Login:
    name: str
    keys: int
    password: bool
    sessions: int


@dataclass(frozen=True)
class Rules:
    """What sshd goes by. No `allowed`: everybody is."""

    allowed: list[str]
    root: str
    passwords: bool

    def let_in(self, login: Login) -> bool:
        if not self.allow(login.name) or (login.name == "root" and self.root == "no"):
            return False
        passwords = self.passwords and (login.name != "root" or self.root == "yes")
        return login.keys > 0 or (login.password and passwords)

    def allow(self, name: str) -> bool:
        return not self.allowed or any(fnmatch.fnmatchcase(name, one.partition("@")[0]) for one in self.allowed)


def outlook(system: System, release: Release) -> dict[str, object]:
    """`allowed` is null when nothing says who: then everybody is."""
    after = _rules_after(_rules_now(system), release)
    return {"allowed": after.allowed or None, "losing": [vars(login) for login in _losing(system, release)]}


def locked_out(scene: Scene) -> Iterator[Finding]:
    system, release = scene.system, scene.release
    after = _rules_after(_rules_now(system), release)
    asking = system.login()
    if asking is not None and not after.allow(asking):
        detail = f"the release lets {', '.join(after.allowed)} in, and not {asking}, who would place it"
        yield refuse("ssh", detail, "have ssh.user of this host and of the release be the same")
    for login in _losing(system, release):
        ways = [f"{login.keys} authorized key{'' if login.keys == 1 else 's'}"] if login.keys else []
        ways += ["a password"] if login.password else []
        now = f", {login.sessions} open now" if login.sessions else ""
        detail = f"{login.name} ({', '.join(ways)}{now}) cannot log in any more; open sessions stay"
        yield warn("ssh-login", detail, "have another way in (console) for whoever needs that account")


def _losing(system: System, release: Release) -> list[Login]:
    now = _rules_now(system)
    after = _rules_after(now, release)
    return [login for login in _logins(system) if now.let_in(login) and not after.let_in(login)]


def _rules_now(system: System) -> Rules:
    """As sshd itself tells. Where it does not, all is allowed: too much is reported rather than too little."""
    lines = system.run(["sshd", "-T"]).out.splitlines()
    return Rules(
        _values(lines, "allowusers"),
        (_values(lines, "permitrootlogin") or ["yes"])[0],
        (_values(lines, "passwordauthentication") or ["yes"])[0] == "yes",
    )


def _rules_after(now: Rules, release: Release) -> Rules:
    """sshd adds up all AllowUsers that it reads; of the rest our files are the first, and the first value counts."""
    texts = [file.content for path, file in sorted(release.files.items()) if path.startswith(needs.SSHD_FOLDER)]
    lines = [line for text in texts for line in text.splitlines()]
    passwords = _values(lines, "passwordauthentication")
    return Rules(
        sorted({*now.allowed, *_values(lines, "allowusers")}),
        (_values(lines, "permitrootlogin") or [now.root])[0],
        passwords[0] == "yes" if passwords else now.passwords,
    )


def _values(lines: list[str], keyword: str) -> list[str]:
    words = (line.split() for line in lines)
    return [value for found in words if found[:1] and found[0].lower() == keyword for value in found[1:]]


def _logins(system: System) -> list[Login]:
    """Accounts with a shell and a way in, or with somebody in them."""
    hashes = {line.partition(":")[0]: line.split(":")[1] for line in _lines(system, "/etc/shadow") if ":" in line}
    sessions = _sessions(system)
    found = []
    for line in _lines(system, "/etc/passwd"):
        fields = line.split(":")
        if len(fields) < 7 or fields[6].endswith(NO_SHELLS):
            continue
        name, home = fields[0], fields[5]
        lines = _lines(system, home.rstrip("/") + "/.ssh/authorized_keys")
        keys = len([one for one in lines if one.strip() and not one.lstrip().startswith("#")])
        password = hashes.get(name, "!")[:1] not in ("!", "*")
        if keys or password or name in sessions:
            found.append(Login(name, keys, password, sessions.count(name)))
    return sorted(found, key=lambda login: login.name)


def _sessions(system: System) -> list[str]:
    """Names of who is logged in, once for each session."""
    lines = system.run(["loginctl", "list-sessions", "--no-legend"]).out.splitlines()
    return [line.split()[2] for line in lines if len(line.split()) > 2]


def _lines(system: System, path: str) -> list[str]:
    return (system.text(path) or "").splitlines()
