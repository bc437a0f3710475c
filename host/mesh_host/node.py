"""`node …`: joining, leaving and being a member of a tailnet."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

from mesh_host import hostkeys, routes, store, tailscale
from mesh_host.documents import parse
from mesh_host.errors import CheckFailed, CommandFailed, WrongState
from mesh_host.system import RUN, System

JOIN_LIMIT = 64 * 1024
JOIN_WAIT = 30
REJOIN_WAIT = 8
KEY_FILE = RUN + "/auth-key"
HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
TAG = re.compile(r"tag:[A-Za-z][A-Za-z0-9-]*")
LOGIN_SERVER = re.compile(r"https?://[^\s,]+")


@dataclass(frozen=True, repr=False)
class JoinRequest:
    """Has no repr: the key must not get into a message by accident."""

    auth_key: str
    login_server: str | None
    settings: tailscale.Settings
    tags: list[str]
    tailnet: str | None


def parse_join(data: bytes) -> JoinRequest:
    top = parse(data, "JoinRequest", JOIN_LIMIT).record(
        ["authKey", "loginServer", "hostname", "tags", "advertiseRoutes", "acceptRoutes", "snat", "ssh", "tailnet"]
    )
    if not HOSTNAME.fullmatch(top["hostname"].text()):
        raise top["hostname"].refuse("must be a host name label: a-z, 0-9 and hyphens")
    server = top["loginServer"].optional_text()
    if server is not None and not LOGIN_SERVER.fullmatch(server):
        raise top["loginServer"].refuse("must be an http or https address, or null")
    for item in top["tags"].items():
        if not TAG.fullmatch(item.text()):
            raise item.refuse("must be like tag:router")
    for item in top["advertiseRoutes"].items():
        try:
            ipaddress.ip_network(item.text())
        except ValueError as error:
            raise item.refuse("must be a prefix without host bits") from error
    settings = tailscale.Settings(
        top["hostname"].text(),
        sorted(top["advertiseRoutes"].texts()),
        top["acceptRoutes"].flag(),
        top["snat"].flag(),
        top["ssh"].flag(),
    )
    tags = sorted(set(top["tags"].texts()))
    return JoinRequest(top["authKey"].text().strip(), server, settings, tags, top["tailnet"].optional_text())


def is_joined(system: System) -> bool:
    """A join was asked for here and not undone; the daemon may be down at the moment."""
    return system.exists(routes.NODE)


def join(system: System, stdin: bytes) -> dict[str, object]:
    """Joins, or adopts what is joined already. Raises WrongState, CheckFailed, CommandFailed."""
    request = parse_join(stdin)
    with system.lock(), routes.writing(system):
        # A run that was killed may have left its key.
        system.remove(KEY_FILE)
        before = tailscale.status(system)
        wanted = tailscale.Home(request.tailnet, request.login_server)
        other = tailscale.elsewhere(system, before, wanted) if before.joined else None
        if other is not None:
            message = f"this host is in the tailnet {other}, not in {wanted}; let it leave that one first"
            raise WrongState("wrong-tailnet", message)
        adopted = before.joined and before.tags == request.tags
        if not adopted and not request.auth_key:
            raise WrongState("not-joined", _why_not(before, request))
        if not adopted:
            _guard(system)
        routes.remember(system, request.settings.advertise)
        settings = _drained(system, request.settings)
        if adopted:
            if before.state == "Stopped":
                tailscale.resume(system, settings, request.login_server)
        else:
            _join_with_key(system, request, settings, before.node_id or before.former)
        tailscale.apply_settings(system, settings)
        after = _wait_until_running(system)
        return {
            "nodeId": after.node_id,
            "name": after.name,
            "addresses": after.addresses,
            "tags": after.tags,
            "adopted": adopted,
            "retired": hostkeys.retire(system, store.load_state(system)),
        }


def _why_not(before: tailscale.Status, request: JoinRequest) -> str:
    if not before.joined:
        return f"this host is in no tailnet (tailscale is {before.state})"
    return "this host is joined with {}, not with {}".format(
        ", ".join(before.tags or []) or "no tags", ", ".join(request.tags) or "no tags"
    )


def _drained(system: System, settings: tailscale.Settings) -> tailscale.Settings:
    return replace(settings, advertise=routes.allowed(system, settings.advertise))


def _join_with_key(system: System, request: JoinRequest, settings: tailscale.Settings, former: str | None) -> None:
    system.mkdir(RUN, 0o700)
    system.write(KEY_FILE, request.auth_key.encode(), 0o600)
    try:
        tailscale.up(system, settings, request.login_server, system.host(KEY_FILE), former is not None)
    except CommandFailed as error:
        if former is not None and _is_another(system, former):
            return
        # tailscale reads the key from the file and has no reason to print it; should it ever, it ends here.
        hidden = {key: str(value).replace(request.auth_key, "[key]") for key, value in error.more.items()}
        raise CommandFailed("tailscale could not join: the service refused or did not answer", **hidden) from None
    finally:
        system.remove(KEY_FILE)


def _is_another(system: System, former: str) -> bool:
    """
    Whether it became another node all the same, within a moment: a daemon that still asks for its former one is refused
    that, and `tailscale up` takes the refusal for its own.
    """
    deadline = system.monotonic() + REJOIN_WAIT
    while True:
        found = tailscale.status(system)
        if found.state == "Running" and found.node_id not in (None, former):
            return True
        if system.monotonic() >= deadline:
            return False
        system.sleep(0.5)


def _guard(system: System) -> None:
    """Without the output guard a router may take the LAN for a path to its peers: the tunnel inside itself."""
    state = store.load_state(system)
    release = store.load_release(system, state.active) if state.active else None
    if release is None or not any("no_bogons" in file.content for file in release.files.values()):
        return
    result = system.run(["nft", "list", "chain", "inet", "mesh_site", "no_bogons"])
    if result.code != 0:
        check = {"name": "no_bogons", "result": "failed", "detail": result.err.strip()}
        message = "the output guard no_bogons is not loaded; start site-mesh-nft.service before joining"
        raise CheckFailed(message, [check])


def _wait_until_running(system: System) -> tailscale.Status:
    deadline = system.monotonic() + JOIN_WAIT
    while True:
        found = tailscale.status(system)
        if found.state == "Running" and found.joined and found.addresses:
            return found
        if system.monotonic() >= deadline:
            message = f"joined, but tailscale is {found.state} after {JOIN_WAIT} s"
            raise CommandFailed(message, "tailscale status --json", "")
        system.sleep(0.5)


def status(system: System) -> dict[str, object]:
    found = tailscale.status(system)
    return {
        "state": found.state,
        "nodeId": found.node_id,
        "name": found.name,
        "tailnet": found.tailnet,
        "addresses": found.addresses,
        "tags": found.tags,
        "online": found.online,
        "ssh": tailscale.runs_ssh(system) if found.joined else None,
    }


def _logout(system: System) -> None:
    try:
        tailscale.logout(system)
    except CommandFailed:
        # The daemon lets go of the node before it tells the service, which refuses one whose device was deleted there:
        # seen with headscale, "authkey already used".
        if tailscale.status(system).joined:
            raise


def leave(system: System) -> dict[str, object]:
    """Withdraws the routes, so that the partner takes over before this node goes; then logs out."""
    with system.lock(), routes.writing(system):
        found = tailscale.status(system)
        if found.joined:
            routes.withdraw(system, found)
        try:
            if found.joined:
                _logout(system)
        finally:
            # Also when the logout fails: a drain that outlived its node would silence the next one.
            routes.forget(system)
        return {"left": found.joined}
