"""Other programs on a machine that was there before us, and what they mean for a first release."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_host import needs, packages, tailscale
from mesh_host.finding import Finding, Scene, refuse, unless_accepted, warn

# What of them runs → what to know. They are nobody's enemy, but may be next week's riddle.
NEIGHBOURS = (
    ("zerotier-one.service", "zerotier", "ZeroTier runs here; each overlay may take the other for a way to its peers."),
    ("kubelet.service", "kubernetes", "a Kubernetes node; its network plugin may bypass the rules of a subnet router."),
    ("k3s.service", "kubernetes", "a Kubernetes node; its network plugin may bypass the rules of a subnet router."),
    ("frr.service", "routing", "FRR runs here and may change the routes that a subnet router needs."),
    ("bird.service", "routing", "BIRD runs here and may change the routes that a subnet router needs."),
)
MANAGERS = (
    ("systemd-networkd.service", "networkd", "systemd-networkd manages addresses; what it did not make goes when it"),
    (
        "NetworkManager.service",
        "NetworkManager",
        "NetworkManager manages addresses; what it did not make may go when it",
    ),
)


def foreign(scene: Scene) -> Iterator[Finding]:
    yield from _tailscale(scene)
    yield from _firewalls(scene)
    yield from _docker(scene)
    yield from _nftables(scene)
    yield from _keepalived(scene)
    if scene.forwards:
        for unit, what, detail in NEIGHBOURS:
            if scene.active(unit):
                yield warn(what, detail, "see that both get along, or use another machine as the router")
        for unit, what, detail in MANAGERS:
            if scene.active(unit):
                yield warn(what, detail + " restarts. Our rules come back after systemd-networkd by themselves.")


def _tailscale(scene: Scene) -> Iterator[Finding]:
    """Adopted can be only what is in nobody else's hands."""
    before = scene.known.packages.get("tailscale")
    if before is not None and before.version is None:
        # Ours: a first release was cut off, or went back, and left it.
        return
    version, held = packages.installed(scene.system, "tailscale")
    runs = scene.active("tailscaled.service")
    if version is None and not runs:
        return
    if not scene.brings_tailscale:
        yield warn("tailscale", "tailscaled is on this machine; this release does not touch it.")
        return
    status = tailscale.status(scene.system)
    ours = tailscale.Home(scene.existing.tailnet, scene.existing.login_server)
    other = tailscale.elsewhere(scene.system, status, ours) if status.joined else None
    known = ours.name is not None or ours.server is not None
    if status.joined and not known:
        # Nobody can say that it is ours.
        other = other or status.tailnet or "(unnamed)"
    if version is None:
        detail = "tailscaled runs here, but not from the package that a release pins"
        yield refuse("tailscale", detail, "remove it the way it was installed, and its state in /var/lib/tailscale")
    elif other is not None:
        detail = f"this machine is in the tailnet {other}, not in {f'ours, {ours}' if known else 'ours'}"
        yield refuse("tailscale", detail, "take it out of that one first (tailscale logout), or use another machine")
    else:
        wanted = scene.release.packages.get("tailscale", version)
        state = f"in our tailnet as {status.name}" if status.joined else "logged out"
        change = "" if wanted == version else f", would be brought to {wanted}"
        detail = f"tailscale {version} is here{' and held' if held else ''}{change}; it is {state}"
        yield unless_accepted("tailscale", detail, "remove it (apt-get purge tailscale)")


def _firewalls(scene: Scene) -> Iterator[Finding]:
    config = scene.system.text("/etc/ufw/ufw.conf") or ""
    if any(line.replace(" ", "").lower() == "enabled=yes" for line in config.splitlines()):
        detail = "ufw is active: it drops what it does not know, forwarded packets included."
        yield scene.about_forwarding("ufw", detail, "switch it off (ufw disable)")
    if scene.active("firewalld.service") or scene.enabled("firewalld.service"):
        detail = "firewalld is active or enabled: it rejects what no zone allows, forwarded packets included."
        yield scene.about_forwarding("firewalld", detail, "switch it off (systemctl disable --now firewalld)")


def _docker(scene: Scene) -> Iterator[Finding]:
    if not (scene.active("docker.service") or scene.enabled("docker.service")):
        return
    policy = scene.system.run(["iptables", "-S", "FORWARD"]).out.splitlines()[:1]
    said = (
        "the policy of FORWARD is DROP now" if policy == ["-P FORWARD DROP"] else "it sets FORWARD to DROP at its start"
    )
    detail = f"Docker is here: {said}, and it switches forwarding on itself."
    yield scene.about_forwarding("docker", detail, "remove it (systemctl disable --now docker.service docker.socket)")


def _nftables(scene: Scene) -> Iterator[Finding]:
    if not (scene.active("nftables.service") or scene.enabled("nftables.service")):
        return
    ruleset = scene.system.text("/etc/nftables.conf") or ""
    if "flush ruleset" in ruleset:
        detail = "nftables.service flushes every table at its start, tailscaled's too; ours comes back after it."
        if needs.tables(scene.release):
            yield unless_accepted("nftables", detail, "switch it off (systemctl disable --now nftables)")
        else:
            yield warn("nftables", "nftables.service flushes every table at its start; this release has none.")
    else:
        yield warn("nftables", "nftables.service loads a ruleset of its own, without a flush.")


def _keepalived(scene: Scene) -> Iterator[Finding]:
    """Two elections for one address end in a black hole: no acceptance makes that good."""
    if scene.forwards and (scene.active("keepalived.service") or scene.enabled("keepalived.service")):
        detail = "keepalived elects who holds an address; which router is active is the control plane's to say."
        yield refuse("keepalived", detail, "switch it off (systemctl disable --now keepalived), or use another machine")
