"""A release: what a host must be. Parsing, hashing, and what was received beside it."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass, field

from mesh_host.documents import Node, canonical, parse
from mesh_host.errors import Usage

STAGE_LIMIT = 4 * 1024 * 1024
PATH = re.compile(r"(/[A-Za-z0-9._@:+-]+)+")
UNIT = re.compile(r"[A-Za-z0-9:_.@-]+\.(service|timer|socket|path|mount|target)")
PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+:~-]*")
CREDENTIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
ACCEPT = re.compile(r"[a-z][a-z0-9-]{0,31}")
HASH = re.compile(r"[0-9a-f]{64}")
# The tool's own state, code and files, and what is not on a disk.
RESERVED = (
    "/var/lib/site-mesh/",
    "/usr/local/lib/site-mesh/",
    "/etc/systemd/system/site-mesh-revert.",
    "/etc/ssh/sshd_config.d/00-site-mesh-hostkeys.conf",
    "/proc/",
    "/sys/",
    "/dev/",
    "/run/",
    "/tmp/",  # noqa: S108 - refused, not used
)


@dataclass(frozen=True)
class File:
    content: str
    mode: int

    @property
    def data(self) -> bytes:
        return self.content.encode()


@dataclass(frozen=True)
class Unit:
    enabled: bool
    on_change: str
    watches: list[str]


@dataclass(frozen=True)
class Release:
    files: dict[str, File] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """The JSON form, as in mesh/host/spec.ts."""
        return {
            "files": {path: {"content": f.content, "mode": f"0{f.mode:03o}"} for path, f in self.files.items()},
            "units": {
                name: {"enabled": u.enabled, "onChange": u.on_change, "watches": u.watches}
                for name, u in self.units.items()
            },
            "packages": dict(self.packages),
        }

    @property
    def hash(self) -> str:
        return hashlib.sha256(canonical(self.document())).hexdigest()


@dataclass(frozen=True)
class Existing:
    """Says that this machine was there before us: which programs its owner lets us live with, and our tailnet."""

    accepts: list[str]
    tailnet: str | None
    # Control server; None is the service's own.
    login_server: str | None = None


@dataclass(frozen=True)
class Placement:
    """What came with a release but is not part of it."""

    lan: str
    lan_prefix: str
    retire_bootstrap_key: bool
    existing: Existing | None = None
    # Own IPv6 address on the LAN, where that has IPv6 of ours.
    lan6: str | None = None


@dataclass(frozen=True)
class StageRequest:
    release: Release
    credentials: dict[str, str]
    placement: Placement


def parse_stage(data: bytes) -> StageRequest:
    """Raises Usage with the path of the first fault."""
    top = parse(data, "StageRequest", STAGE_LIMIT).record(
        ["release", "credentials", "lan", "lanPrefix", "retireBootstrapKey"], ["lan6", "existing"]
    )
    credentials = {}
    for name, node in top["credentials"].members().items():
        _match(CREDENTIAL, name, node, "credential name")
        credentials[name] = node.text(64 * 1024)
    placement = Placement(
        _address(top["lan"]),
        _prefix(top["lanPrefix"]),
        top["retireBootstrapKey"].flag(),
        _existing(top["existing"]) if "existing" in top else None,
        _address6(top["lan6"]) if "lan6" in top else None,
    )
    release = parse_release(top["release"])
    try:
        # Lone surrogates arrive as escapes and have no UTF-8 form: neither a hash nor a file can be made of them.
        canonical([release.document(), credentials])
    except UnicodeEncodeError as error:
        raise Usage("StageRequest: holds a lone surrogate, which has no UTF-8 form") from error
    return StageRequest(release, credentials, placement)


def _existing(node: Node) -> Existing:
    members = node.record(["accepts", "tailnet"], ["loginServer"])
    for item in members["accepts"].items():
        _match(ACCEPT, item.text(), item, "name of a program")
    server = members["loginServer"].optional_text() if "loginServer" in members else None
    return Existing(sorted(set(members["accepts"].texts())), members["tailnet"].optional_text(), server)


def parse_release(node: Node) -> Release:
    top = node.record(["files", "units", "packages"])
    files = {path: _file(path, member) for path, member in top["files"].members().items()}
    units = {name: _unit(name, member, files) for name, member in top["units"].members().items()}
    packages = {}
    for name, member in top["packages"].members().items():
        _match(PACKAGE, name, member, "package name")
        _match(VERSION, member.text(), member, "exact version")
        packages[name] = member.text()
    return Release(files, units, packages)


def _file(path: str, node: Node) -> File:
    _match(PATH, path, node, "absolute ASCII path")
    if any(part in (".", "..") for part in path.split("/")) or path.startswith(RESERVED):
        raise node.refuse("not a path that a release may place")
    members = node.record(["content", "mode"])
    mode = members["mode"].text()
    if not re.fullmatch("0[0-7]{3}", mode) or int(mode, 8) & 0o002:
        raise members["mode"].refuse('must be like "0644" and not writable by others')
    return File(members["content"].text(STAGE_LIMIT), int(mode, 8))


def _unit(name: str, node: Node, files: dict[str, File]) -> Unit:
    _match(UNIT, name, node, "unit name")
    members = node.record(["enabled", "onChange", "watches"])
    on_change = members["onChange"].text()
    if on_change not in ("restart", "reload"):
        raise members["onChange"].refuse("must be restart or reload")
    watches = members["watches"].texts()
    for item in members["watches"].items():
        if item.text() not in files:
            raise item.refuse("is no file of this release")
    return Unit(members["enabled"].flag(), on_change, watches)


def _match(pattern: re.Pattern[str], text: str, node: Node, what: str) -> None:
    if not pattern.fullmatch(text):
        raise node.refuse("is not a valid " + what)


def _address(node: Node) -> str:
    try:
        return str(ipaddress.IPv4Address(node.text()))
    except ValueError as error:
        raise node.refuse("must be an IPv4 address") from error


def _address6(node: Node) -> str:
    text = node.text()
    try:
        shortest = str(ipaddress.IPv6Address(text))
    except ValueError as error:
        raise node.refuse("must be an IPv6 address") from error
    # `ip` writes the shortest form, and texts are compared.
    if text != shortest:
        raise node.refuse("must be in the shortest form of an IPv6 address")
    return text


def _prefix(node: Node) -> str:
    try:
        return str(ipaddress.IPv4Network(node.text()))
    except ValueError as error:
        raise node.refuse("must be an IPv4 prefix without host bits, like 10.77.10.0/24") from error
