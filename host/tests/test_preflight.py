"""`apply preflight`: the whole list, and that nothing changes."""

from __future__ import annotations

import hashlib
import unittest
from typing import Any

from tests import releases
from tests.keys import ARMORED
from tests.releases import NFT, SSHD, SYSCTL
from tests.sandbox import Sandbox, stage

EXISTING = {"accepts": [], "tailnet": "acme-staging"}
KEY_URL = "https://pkgs.example.com/debian/bookworm.gpg"


class PreflightTest(unittest.TestCase):
    def setUp(self) -> None:
        self.host = Sandbox()
        self.addCleanup(self.host.folder.cleanup)
        self.host.system.web[KEY_URL] = ARMORED.encode()

    def ask(self, release: dict[str, Any] | None = None, **existing: Any) -> dict[str, Any]:
        request = stage(release or releases.subnet_router(), existing={**EXISTING, **existing})
        return self.host.must("apply preflight", request)

    def rows(self, key: str, name: str, answer: dict[str, Any]) -> dict[str, Any]:
        return {row[name]: row for row in answer[key]}

    def test_changes_nothing_and_does_not_wait_for_others(self) -> None:
        before = (self.host.tree(), self.host.folders(), self.host.kernel())
        with self.host.system.lock():
            self.ask()
        self.assertEqual((self.host.tree(), self.host.folders(), self.host.kernel()), before)
        changing = ("apt-get", "apt-mark", "nft -f", "ip -4 rule add", "tailscale set", "tailscale up")
        self.assertEqual([line for line in self.host.fake["log"] if line.startswith(changing)], [])
        verbs = {line.split()[1] for line in self.host.fake["log"] if line.startswith("systemctl")}
        self.assertEqual(verbs, {"is-active", "is-enabled"})

    def test_files_say_what_is_there_now_and_whose_it_is(self) -> None:
        self.host.put(SYSCTL, "x", 0o600)
        self.host.fake["owners"] = {SYSCTL: "procps"}
        self.host.put(SSHD, releases.subnet_router()["files"][SSHD]["content"])
        files = self.rows("files", "path", self.ask())
        self.assertEqual(files[NFT], {"path": NFT, "change": "create", "present": None, "package": None})
        self.assertEqual((files[SYSCTL]["change"], files[SYSCTL]["package"]), ("replace", "procps"))
        present = {"kind": "file", "mode": "0600", "sha256": hashlib.sha256(b"x").hexdigest()}
        self.assertEqual({**files[SYSCTL]["present"], **present}, files[SYSCTL]["present"])
        self.assertEqual(files[SSHD]["change"], "none")
        for made in ("/etc/ssh/ssh_host_ed25519_key", "/etc/apt/sources.list.d/site-mesh-tailscale.list"):
            self.assertEqual(files[made]["change"], "create")

    def test_packages_say_which_way_they_go(self) -> None:
        cases = [
            (None, "install"),
            ({"version": "1.100.0", "hold": False}, "upgrade"),
            ({"version": "1.110.0", "hold": True}, "downgrade"),
            ({"version": "1.102.3", "hold": False}, "hold"),
            ({"version": "1.102.3", "hold": True}, "none"),
        ]
        for package, change in cases:
            self.host.fake["packages"] = {} if package is None else {"tailscale": package}
            row = self.ask()["packages"][0]
            self.assertEqual((row["change"], row["present"]), (change, package and package["version"]))

    def test_units_sysctls_and_keys(self) -> None:
        answer = self.ask()
        units = self.rows("units", "name", answer)
        self.assertEqual(units["ssh.service"]["change"], ["reload"])
        self.assertEqual(units["site-mesh-nft.service"]["change"], ["enable", "start"])
        self.assertEqual(units["site-mesh-nft.service"]["enabled"], "absent")
        sysctls = self.rows("sysctls", "key", answer)
        self.assertEqual(sysctls["net.ipv4.ip_forward"], {"key": "net.ipv4.ip_forward", "present": "0", "wanted": "1"})
        self.host.put("/proc/sys/net/ipv4/ip_forward", "1\n")
        self.assertNotIn("net.ipv4.ip_forward", self.rows("sysctls", "key", self.ask()))
        self.assertEqual(
            answer["ssh"],
            {
                "hostKeys": {"present": ["ecdsa"], "made": ["ed25519"]},
                "allowed": ["ops"],
                "losing": [],
            },
        )
        self.assertEqual(self.ask(releases.plain())["ssh"]["allowed"], None)

    def test_tables_and_rules_under_our_names_are_shown(self) -> None:
        self.assertEqual(self.ask()["ours"], {"tables": [], "rules": []})
        self.host.fake["tables"] = ["inet filter", "inet mesh_site"]
        self.host.fake["rules"].append({"priority": 2501, "src": "10.0.0.1", "table": "7"})
        self.host.fake["rules6"].append({"priority": 2501, "src": "fd99::1", "table": "7"})
        rules = ["2501: from 10.0.0.1 lookup 7", "2501: from fd99::1 lookup 7"]
        self.assertEqual(self.ask()["ours"], {"tables": ["inet mesh_site"], "rules": rules})
        self.host.fake["ipv6"] = False
        self.assertEqual(self.ask()["ours"]["rules"], rules[:1])

    def test_an_ipv6_address_that_the_lan_interface_lacks_is_told_before_anything_is_made(self) -> None:
        def lan() -> list[str]:
            request = stage(releases.subnet_router(), existing=EXISTING, lan6="fd12::2")
            findings = self.host.must("apply preflight", request)["findings"]
            return [one["detail"] for one in findings if one["what"] == "lan"]

        self.assertEqual(lan(), ["enp7s0 does not have the LAN address fd12::2"])
        self.host.fake["links6"] = {"enp7s0": ["fd12::2"]}
        self.assertEqual(lan(), [])

    def test_under_a_release_of_ours_nothing_is_foreign(self) -> None:
        self.assertTrue(self.ask()["first"])
        self.host.existing(releases.subnet_router())
        answer = self.ask()
        self.assertEqual((answer["first"], answer["findings"]), (False, []))
        self.assertEqual({row["change"] for row in answer["files"]}, {"none"})
        self.host.existing(releases.subnet_router(), "docker")

    def test_is_for_existing_machines_only(self) -> None:
        self.assertEqual(self.host.line("apply preflight", stage(releases.plain()))[0], 2)
        for existing in (None, {}, {"accepts": "docker", "tailnet": None}, {"accepts": ["Docker!"], "tailnet": None}):
            self.assertEqual(
                self.host.line("apply preflight", stage(releases.plain(), existing=existing))[0], 2, existing
            )

    def test_a_machine_that_changed_after_staging_is_refused_at_activation(self) -> None:
        staged = self.host.must("apply stage", stage(releases.subnet_router(), existing=EXISTING))["hash"]
        self.host.fake["tables"] = ["inet mesh_site"]
        before = (self.host.tree(), self.host.kernel())
        code, answer = self.host.line(f"apply activate {staged} 60")
        self.assertEqual((code, answer["error"]["code"]), (3, "check-failed"))
        self.assertEqual((self.host.tree(), self.host.kernel(), self.host.fake["packages"]), (*before, {}))
        self.host.fake["tables"] = []
        self.host.must(f"apply activate {staged} 60")

    def test_a_server_of_ours_is_asked_for_nothing(self) -> None:
        self.host.fake["tables"] = ["inet mesh_site"]
        self.host.must("apply stage", stage(releases.subnet_router()))

    def test_what_a_cut_off_first_release_left_is_not_somebody_elses(self) -> None:
        staged = self.host.must("apply stage", stage(releases.subnet_router(), existing=EXISTING))["hash"]
        self.host.must(f"apply activate {staged} 60")
        self.host.must(f"apply revert {staged}")
        self.assertIn("tailscale", self.host.fake["packages"])
        self.assertEqual(self.ask()["findings"], [])
        self.host.existing(releases.subnet_router())


if __name__ == "__main__":
    unittest.main()
