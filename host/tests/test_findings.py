"""Each thing that may stand in the way: reported where it is, not where it is not, and passed where it is accepted."""

from __future__ import annotations

import os
import unittest
from collections.abc import Callable
from typing import Any

from tests import releases
from tests.sandbox import Sandbox, stage

Prepare = Callable[[Sandbox], object]


def runs(*units: str) -> Prepare:
    def prepare(host: Sandbox) -> None:
        for unit in units:
            host.fake["foreign_units"].append(unit)
            host.fake["units"][unit] = {"enabled": True, "active": True}

    return prepare


def has(path: str, text: str) -> Prepare:
    return lambda host: host.put(path, text)


def fake(**state: Any) -> Prepare:
    return lambda host: host.fake.update(state)


SERVER = "https://hs.example.com"


def tailscale(
    version: str = "1.102.3", held: bool = False, tailnet: str | None = None, control: str | None = None
) -> Prepare:
    def prepare(host: Sandbox) -> None:
        host.fake["packages"]["tailscale"] = {"version": version, "hold": held}
        host.fake["units"]["tailscaled.service"] = {"enabled": True, "active": True}
        if tailnet is not None:
            node = {"ID": "n1CNTRL", "tags": [], "tailnet": tailnet, "number": 1}
            host.fake["tailscale"].update(node=node, backend="Running")
        if control is not None:
            host.fake["tailscale"]["control"] = control

    return prepare


def both(*prepares: Prepare) -> Prepare:
    def prepare(host: Sandbox) -> None:
        for one in prepares:
            one(host)

    return prepare


def locked(host: Sandbox) -> None:
    host.put("/var/lib/dpkg/lock-frontend", "")
    inode = os.stat(host.system.host("/var/lib/dpkg/lock-frontend")).st_ino
    host.put("/proc/locks", f"1: POSIX  ADVISORY  WRITE 4711 fd:01:{inode} 0 EOF\n")


RULE = {"priority": 2500, "src": "all", "table": "51820"}

# (what, severity, its presence, its closest innocent neighbour)
CASES: list[tuple[str, str, Prepare, Prepare]] = [
    ("docker", "accept", runs("docker.service"), runs("containerd.service")),
    ("ufw", "accept", has("/etc/ufw/ufw.conf", "ENABLED=yes\n"), has("/etc/ufw/ufw.conf", "ENABLED=no\n")),
    ("firewalld", "accept", runs("firewalld.service"), fake(foreign_units=["firewalld.service"])),
    (
        "nftables",
        "accept",
        both(runs("nftables.service"), has("/etc/nftables.conf", "flush ruleset\n")),
        has("/etc/nftables.conf", "flush ruleset\n"),
    ),
    ("nftables", "warn", both(runs("nftables.service"), has("/etc/nftables.conf", "table inet x {\n}\n")), fake()),
    ("tailscale", "accept", tailscale(), fake()),
    ("tailscale", "accept", tailscale("1.90.0", held=True), fake()),
    ("tailscale", "accept", tailscale(tailnet="acme-staging"), fake()),
    ("tailscale", "refuse", tailscale(tailnet="somebody-else"), fake()),
    ("tailscale", "refuse", tailscale(tailnet="acme-staging", control=SERVER), fake()),
    ("tailscale", "refuse", runs("tailscaled.service"), fake()),
    ("keepalived", "refuse", runs("keepalived.service"), fake(foreign_units=["keepalived.service"])),
    ("zerotier", "warn", runs("zerotier-one.service"), fake(foreign_units=["zerotier-one.service"])),
    ("kubernetes", "warn", runs("k3s.service"), fake()),
    ("routing", "warn", runs("frr.service"), fake()),
    ("networkd", "warn", runs("systemd-networkd.service"), fake()),
    ("NetworkManager", "warn", runs("NetworkManager.service"), fake()),
    ("nft-table", "refuse", fake(tables=["inet mesh_site"]), fake(tables=["inet filter"])),
    ("ip-rule", "refuse", fake(rules=[RULE]), fake(rules=[{**RULE, "priority": 2502}])),
    ("ip-rule", "refuse", fake(rules6=[RULE]), fake(rules6=[RULE], ipv6=False)),
    (
        "sysctl",
        "refuse",
        has("/etc/sysctl.d/99-hard.conf", "net.ipv4.ip_forward=0\n"),
        has("/etc/sysctl.d/10-hard.conf", "net.ipv4.ip_forward=0\n"),
    ),
    ("sysctl", "refuse", has("/etc/sysctl.conf", "net/ipv4/ip_forward = 0\n"), has("/etc/sysctl.conf", "# x = 0\n")),
    ("forwarding", "warn", has("/etc/sysctl.d/10-r.conf", "net.ipv4.ip_forward = 1\n"), fake()),
    ("unit", "refuse", fake(units={"ssh.service": {"masked": True, "enabled": False, "active": False}}), fake()),
    ("os", "refuse", has("/etc/os-release", "ID=fedora\nVERSION_ID=41\n"), fake()),
    ("os", "refuse", has("/etc/os-release", 'ID=debian\nVERSION_ID="11"\n'), fake()),
    ("os", "refuse", has("/etc/os-release", 'ID=ubuntu\nVERSION_ID="20.04"\n'), has("/etc/os-release", "ID=debian\n")),
    ("systemd", "refuse", lambda host: host.system.remove_tree("/run/systemd"), fake()),
    ("tun", "refuse", lambda host: host.system.remove("/dev/net/tun"), fake()),
    ("lan", "refuse", fake(links={"eth0": "203.0.113.10", "enp7s0": "10.77.10.3"}), fake()),
    ("default-route", "refuse", fake(default_route=False), fake()),
    (
        "disk",
        "refuse",
        lambda host: host.system.rooms.update({"/var": (2**27, False)}),
        lambda host: host.system.rooms.update({"/var": (2**29, False)}),
    ),
    (
        "read-only",
        "refuse",
        lambda host: host.system.rooms.update({"/etc/sysctl.d": (2**33, True)}),
        lambda host: host.system.rooms.update({"/mnt": (2**33, True)}),
    ),
    ("path", "refuse", has(releases.NFT + "/inside", "x"), has("/etc/site-mesh/other", "x")),
    ("apt", "warn", locked, has("/proc/locks", "1: POSIX  ADVISORY  WRITE 4711 fd:01:1 0 EOF\n")),
    ("apt", "refuse", fake(audit="The following packages are only half configured: x\n"), fake()),
    ("conffile", "warn", both(has(releases.SYSCTL, "x"), fake(owners={releases.SYSCTL: "procps"})), fake()),
    (
        "ssh",
        "refuse",
        lambda host: setattr(host.system, "asking", "deploy"),
        lambda host: setattr(host.system, "asking", "ops"),
    ),
]


class FindingTest(unittest.TestCase):
    def look(self, prepare: Prepare, accepts: list[str], release: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        with Sandbox() as host:
            prepare(host)
            existing = {"accepts": accepts, "tailnet": "acme-staging"}
            request = stage(release or releases.subnet_router(), existing=existing)
            found: list[dict[str, Any]] = host.must("apply preflight", request)["findings"]
            # The same findings, and no others, stop a first release before it changes anything.
            refused = {one["what"] for one in found if one["severity"] == "refuse"}
            before = (host.tree(), host.folders())
            code, answer = host.line("apply stage", request)
            if refused:
                self.assertEqual((code, (host.tree(), host.folders())), (3, before))
                self.assertEqual(
                    {"preflight " + what for what in refused}, {c["name"] for c in answer["error"]["checks"]}
                )
            else:
                self.assertEqual(code, 0, answer)
            return found

    def test_a_plain_machine_has_nothing_in_the_way(self) -> None:
        self.assertEqual(self.look(fake(), []), [])

    def test_each_is_reported_where_it_is_and_not_where_it_is_not(self) -> None:
        for what, severity, present, absent in CASES:
            with self.subTest(what=what, severity=severity):
                found = [one for one in self.look(present, []) if one["what"] == what]
                expected = "warn" if severity == "warn" else "refuse"
                self.assertEqual({one["severity"] for one in found}, {expected}, found)
                self.assertTrue(all(one["detail"] and one["choice"] for one in found))
                self.assertNotIn((what, expected), [(one["what"], one["severity"]) for one in self.look(absent, [])])

    def test_what_may_be_accepted_passes_when_it_is_and_the_rest_never(self) -> None:
        for what, severity, present, _ in CASES:
            with self.subTest(what=what, severity=severity):
                found = next(one for one in self.look(present, [what.lower()]) if one["what"] == what)
                self.assertEqual(
                    (found["severity"], found["accepted"]),
                    ("refuse", False) if severity == "refuse" else ("warn", severity == "accept"),
                )
                named = (
                    "accepts of this host"
                    in next(one for one in self.look(present, []) if one["what"] == what)["choice"]
                )
                self.assertEqual(named, severity == "accept")
                self.assertEqual(found["acceptable"], severity == "accept")

    def test_another_name_accepts_nothing(self) -> None:
        found = self.look(runs("docker.service"), ["ufw", "tailscale"])
        self.assertEqual([(one["what"], one["severity"]) for one in found], [("docker", "refuse")])

    def test_a_firewall_is_in_nobodys_way_where_nothing_is_forwarded(self) -> None:
        prepare = both(
            runs("docker.service", "keepalived.service"), has("/etc/ufw/ufw.conf", "ENABLED=yes\n"), tailscale()
        )
        found = self.look(prepare, [], releases.plain())
        self.assertEqual(
            [(one["what"], one["severity"]) for one in found],
            [(what, "warn") for what in ("docker", "tailscale", "ufw")],
        )

    def test_a_member_that_is_no_router_minds_what_would_take_its_table_or_tailscaled(self) -> None:
        everything = both(
            runs("docker.service", "nftables.service"), has("/etc/nftables.conf", "flush ruleset\n"), tailscale()
        )
        found = {one["what"]: one["severity"] for one in self.look(everything, [], releases.member())}
        self.assertEqual(found, {"docker": "warn", "nftables": "refuse", "tailscale": "refuse"})
        # Its unit clears these preferences too, though it makes no rule there.
        found = {
            one["what"]: one["severity"]
            for one in self.look(fake(rules=[{**RULE, "priority": 5271}]), [], releases.member())
        }
        self.assertEqual(found, {"ip-rule": "refuse"})

    def test_where_our_tailnet_is_not_known_a_member_is_in_somebody_elses(self) -> None:
        with Sandbox() as host:
            tailscale(tailnet="acme-staging")(host)
            for tailnet, severity in (("acme-staging", "warn"), (None, "refuse")):
                request = stage(releases.subnet_router(), existing={"accepts": ["tailscale"], "tailnet": tailnet})
                found = host.must("apply preflight", request)["findings"]
                self.assertEqual([one["severity"] for one in found], [severity])

    def test_at_a_control_server_of_ones_own_its_address_says_whether_it_is_ours(self) -> None:
        with Sandbox() as host:
            tailscale(tailnet="tail1a2b3c.ts.net", control=SERVER)(host)
            for server, severity in ((SERVER + "/", "warn"), ("https://other.example.com", "refuse")):
                existing = {"accepts": ["tailscale"], "tailnet": "acme-staging", "loginServer": server}
                [found] = host.must("apply preflight", stage(releases.subnet_router(), existing=existing))["findings"]
                self.assertEqual(found["severity"], severity)
            named = f"tail1a2b3c.ts.net at {SERVER}, not in ours, acme-staging at https://other.example.com"
            self.assertIn(named, found["detail"])

    def test_who_loses_access_is_named(self) -> None:
        def people(host: Sandbox) -> None:
            lines = [f"{name}:x:1000:1000::/home/{name}:/bin/bash" for name in ("ops", "ada", "grace", "bob")]
            host.put(
                "/etc/passwd", "\n".join(["root:x:0:0::/root:/bin/bash", *lines, "www:x:33:33::/:/usr/sbin/nologin"])
            )
            host.put("/etc/shadow", "root:*:1::::::\nops:!:1::::::\nada:!:1::::::\ngrace:$6$x:1::::::\nbob:!:1::::::\n")
            for home in ("/root", "/home/ops", "/home/ada"):
                host.put(home + "/.ssh/authorized_keys", "# ours\nssh-ed25519 AAAA x\n")
            host.fake["sessions"] = ["ada", "ada", "bob"]

        found = self.look(people, [])
        self.assertEqual(
            [one["detail"].split(" cannot")[0] for one in found],
            [
                "ada (1 authorized key, 2 open now)",
                "grace (a password)",
                "root (1 authorized key)",
            ],
        )

        def strict(host: Sandbox) -> None:
            people(host)
            host.fake["sshd"] = ["permitrootlogin no", "passwordauthentication no", "allowusers ada"]

        self.assertEqual(self.look(strict, []), [])


if __name__ == "__main__":
    unittest.main()
