"""A machine that was there before us, after our last release has gone: as if we had never been there."""

from __future__ import annotations

import unittest
from typing import Any

from mesh_host import hostkeys
from tests import releases
from tests.keys import ARMORED
from tests.releases import NFT, SSHD, SYSCTL
from tests.sandbox import TOOL, Sandbox, stage

KEY_URL = "https://pkgs.example.com/debian/bookworm.gpg"
KERNEL = "/proc/sys/net/ipv4/"


def lived_in(host: Sandbox) -> None:
    """An owner's machine: files, modes, sysctls and units that are not the distribution's."""
    host.system.web[KEY_URL] = ARMORED.encode()
    host.put(SSHD, "# the owner's\n", 0o600)
    host.put(SYSCTL, "net.core.somaxconn = 4096\n")
    host.put("/etc/site-mesh/owner", "kept\n")
    host.put("/etc/hosts", "127.0.0.1 localhost\n")
    host.put(TOOL, "the tool")
    # Stricter than what the kernel makes of it when forwarding ends.
    host.put(KERNEL + "conf/all/accept_redirects", "0\n")
    host.put(KERNEL + "conf/eth0/forwarding", "1\n")
    host.put(KERNEL + "conf/default/rp_filter", "1\n")
    host.fake["units"]["ssh.service"] = {"enabled": False, "active": True}
    # sshd as the machine booted with it.
    host.fake["loaded"]["ssh.service"] = host.system.fake.read_by("ssh.service")


class Whole:
    """Everything about a machine that a release can change."""

    def __init__(self, host: Sandbox) -> None:
        fake = host.fake
        self.tree = host.tree()
        self.keys = {name for name in host.system.entries("/etc/ssh") if "ssh_host" in name}
        self.folders = {path for path in host.folders() if "mesh" not in path or path.startswith("/etc")}
        self.kernel = host.kernel()
        self.units = {name: unit for name, unit in fake["units"].items() if unit["enabled"] or unit["active"]}
        self.packages = {name: dict(package) for name, package in fake["packages"].items()}
        rules = [[rule["priority"] for rule in fake[key]] for key in ("rules", "rules6")]
        self.network = (sorted(fake["tables"]), rules)
        self.sshd = dict(fake["loaded"].get("ssh.service", {}))


class RestoreTest(unittest.TestCase):
    def setUp(self) -> None:
        self.host = Sandbox()
        self.addCleanup(self.host.folder.cleanup)
        lived_in(self.host)

    def assert_same(self, before: Whole) -> None:
        after = Whole(self.host)
        for name, value in vars(before).items():
            self.assertEqual(vars(after)[name], value, name)

    def restore(self) -> dict[str, Any]:
        return self.host.must("apply restore")

    def test_everything_is_as_it_was(self) -> None:
        before = Whole(self.host)
        self.host.existing(releases.subnet_router())
        changed = Whole(self.host)
        for name, value in vars(before).items():
            self.assertNotEqual(
                vars(changed)[name], value, f"the release changes nothing of {name}, so this proves nothing"
            )
        answer = self.restore()
        self.assert_same(before)
        self.assertEqual(answer["kept"], [])
        expected = {
            SSHD,
            NFT,
            SYSCTL,
            "package tailscale",
            "sysctl net/ipv4/ip_forward",
            "/etc/ssh/ssh_host_ed25519_key",
        }
        self.assertEqual(expected - set(answer["restored"]), set())
        self.assertEqual([path for path in self.host.folders() if "site-mesh" in path], ["/etc/site-mesh"])
        self.assertIn("systemctl reload-or-restart ssh.service", self.host.fake["log"])

    def test_after_several_releases_too(self) -> None:
        before = Whole(self.host)
        self.host.existing(releases.subnet_router("1.100.0"))
        self.host.existing(releases.subnet_router())
        self.host.existing(releases.plain())
        self.host.existing(releases.subnet_router())
        self.restore()
        self.assert_same(before)

    def test_a_second_time_there_is_nothing_to_do(self) -> None:
        before = Whole(self.host)
        self.host.existing(releases.subnet_router())
        self.restore()
        # Whoever asks again brings the tool again.
        self.host.put(TOOL, "the tool")
        self.assertEqual(self.restore(), {"restored": [], "kept": []})
        self.assert_same(before)
        self.assertFalse(self.host.system.exists("/usr/local/lib/site-mesh"))

    def test_a_machine_can_be_taken_again(self) -> None:
        before = Whole(self.host)
        for _ in range(2):
            self.host.existing(releases.subnet_router())
            self.restore()
        self.assert_same(before)

    def test_packages_that_were_there_stay_held_or_not_as_they_were(self) -> None:
        for held in (False, True):
            self.host.fake["packages"]["tailscale"] = {"version": "1.100.0", "hold": held}
            self.host.fake["units"]["tailscaled.service"] = {"enabled": True, "active": held}
            before = Whole(self.host)
            self.host.existing(releases.subnet_router(), "tailscale")
            answer = self.restore()
            before.packages["tailscale"]["version"] = "1.102.3"
            self.assert_same(before)
            self.assertEqual(
                answer["kept"], ["package tailscale stays in version 1.102.3; before the first release it was 1.100.0"]
            )

    def test_a_package_that_was_held_is_held_again_whoever_let_go_of_it(self) -> None:
        self.host.fake["packages"]["tailscale"] = {"version": "1.102.3", "hold": True}
        self.host.existing(releases.subnet_router(), "tailscale")
        self.host.fake["packages"]["tailscale"]["hold"] = False
        self.restore()
        self.assertTrue(self.host.fake["packages"]["tailscale"]["hold"])

    def test_a_package_that_others_need_by_now_stays(self) -> None:
        self.host.existing(releases.subnet_router())
        self.host.fake["packages"]["exit-node-ui"] = {"version": "1", "hold": False}
        self.host.fake["dependents"] = {"tailscale": ["exit-node-ui"]}
        answer = self.restore()
        self.assertEqual(answer["kept"], ["package tailscale stays: exit-node-ui would have to go with it"])
        self.assertEqual(set(self.host.fake["packages"]), {"tailscale", "exit-node-ui"})
        self.assertFalse(self.host.fake["packages"]["tailscale"]["hold"])

    def test_rules_and_tables_of_units_that_somebody_stopped_go_too(self) -> None:
        before = Whole(self.host)
        self.host.existing(releases.subnet_router())
        for name in ("site-mesh-nft.service", "site-mesh-rules.service"):
            self.host.fake["units"][name]["active"] = False
        answer = self.restore()
        self.assert_same(before)
        self.assertIn("nft table inet mesh_site", answer["restored"])
        self.assertIn("ip rules at 2500", answer["restored"])

    def test_what_others_put_into_our_folders_stays(self) -> None:
        self.host.existing(releases.subnet_router())
        self.host.put("/etc/systemd/system/tailscaled.service.d/owner.conf", "x")
        answer = self.restore()
        folder = "/etc/systemd/system/tailscaled.service.d"
        self.assertEqual(answer["kept"], [f"folder {folder} stays: there is something in it that is not ours"])

    def test_a_release_that_was_never_confirmed_goes_back_by_the_timer_with_sysctls_and_rules(self) -> None:
        before = Whole(self.host)
        staged = self.host.must(
            "apply stage", stage(releases.subnet_router(), existing={"accepts": [], "tailnet": None})
        )["hash"]
        self.host.must(f"apply activate {staged} 60")
        self.host.must(f"apply revert {staged}")
        after = Whole(self.host)
        self.assertEqual((after.kernel, after.network, after.units), (before.kernel, before.network, before.units))
        self.assertEqual(set(after.packages), {"tailscale"})
        self.restore()
        self.assert_same(before)

    def test_a_staged_release_leaves_nothing(self) -> None:
        before = (self.host.tree(), self.host.folders())
        self.host.must("apply stage", stage(releases.subnet_router(), existing={"accepts": [], "tailnet": None}))
        self.restore()
        self.host.put(TOOL, "the tool")
        self.assertEqual((self.host.tree(), self.host.folders()), before)

    def test_every_host_key_of_an_existing_machine_is_its_owners(self) -> None:
        self.assertTrue(hostkeys.has_bootstrap_key(self.host.system))
        self.host.existing(releases.subnet_router(), retireBootstrapKey=True)
        self.assertTrue(self.host.system.exists("/etc/ssh/ssh_host_ecdsa_key"))

    def test_on_a_server_of_ours_packages_sysctls_and_the_tool_stay(self) -> None:
        self.host.apply(releases.subnet_router())
        answer = self.restore()
        self.assertEqual(answer["kept"], [])
        self.assertIn("tailscale", self.host.fake["packages"])
        self.assertEqual(self.host.kernel()[KERNEL + "ip_forward"], "1")
        self.assertTrue(self.host.system.exists(TOOL))
        self.assertTrue(self.host.system.exists("/etc/ssh/ssh_host_ed25519_key"))
        self.assertEqual(self.restore(), {"restored": [], "kept": []})


if __name__ == "__main__":
    unittest.main()
