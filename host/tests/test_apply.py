"""Stage, activate, confirm, revert, restore: what they leave on the host."""

from __future__ import annotations

import errno
import os
import stat
import unittest
import unittest.mock
from typing import Any

from mesh_host import hostkeys, interfaces, revert, unit_state
from tests import releases
from tests.releases import NFT, NFT_UNIT, SSHD
from tests.sandbox import Sandbox, stage

STATE = "/var/lib/site-mesh/"


class ApplyTest(unittest.TestCase):
    def setUp(self) -> None:
        self.host = Sandbox()
        self.addCleanup(self.host.folder.cleanup)

    def activate(self, release: dict[str, Any], **more: Any) -> dict[str, Any]:
        staged = self.host.must("apply stage", stage(release, **more))["hash"]
        return self.host.must(f"apply activate {staged} 60")

    def pending(self, release: dict[str, Any]) -> str:
        self.host.system.ssh = "activates"
        active = str(self.activate(release)["active"])
        self.host.system.ssh = "confirms"
        return active

    def test_staging_touches_nothing_that_runs(self) -> None:
        before = self.host.tree()
        self.host.must("apply stage", stage(releases.router()))
        self.assertEqual(self.host.tree(), before)
        self.assertNotIn("systemctl", " ".join(self.host.fake["log"]))

    def test_activation_places_files_with_their_modes_and_starts_units(self) -> None:
        release = releases.plain()
        release["files"]["/etc/site-mesh/secret.conf"] = releases.file("x\n", "0600")
        self.activate(release)
        mode, text = self.host.tree()["/etc/site-mesh/secret.conf"]
        self.assertEqual((mode, text), ("0o100600", "x\n"))
        self.assertEqual(self.host.fake["loaded"]["ssh.service"][SSHD], "PasswordAuthentication no\n")

    def test_a_unit_is_restarted_or_reloaded_only_when_a_watched_file_changed(self) -> None:
        self.host.apply(releases.router())
        cases = [
            (releases.router("# second"), ["site-mesh-nft.service"]),
            (releases.router("# second"), []),
        ]
        for release, restarted in cases:
            self.assertEqual(self.activate(release)["restarted"], restarted)
        self.assertIn("systemctl reload-or-restart site-mesh-nft.service", self.host.fake["log"])

    def test_a_unit_that_fell_over_is_started_again_though_no_file_changed(self) -> None:
        self.host.apply(releases.router())
        self.host.fake["units"]["site-mesh-nft.service"]["active"] = False
        self.assertEqual(self.activate(releases.router())["restarted"], ["site-mesh-nft.service"])

    def test_what_the_next_release_lacks_goes_away_unit_stopped_before_its_file_is_gone(self) -> None:
        self.host.apply(releases.router())
        self.host.apply(releases.plain())
        self.assertIsNone(self.host.get(NFT))
        self.assertIsNone(self.host.get(NFT_UNIT))
        self.assertEqual(self.host.fake["units"]["site-mesh-nft.service"], {"enabled": False, "active": False})
        self.assertFalse(self.host.fake["packages"]["tailscale"]["hold"])
        steps = self.host.system.steps
        stopped = steps.index("run systemctl disable --now site-mesh-nft.service")
        self.assertLess(stopped, steps.index("remove " + NFT_UNIT))

    def test_restore_brings_back_files_links_and_units_of_the_owner(self) -> None:
        self.host.put(SSHD, "# the owner's\n", 0o600)
        self.host.system.link(NFT, "elsewhere.nft")
        self.host.put("/etc/site-mesh/elsewhere.nft", "# the owner's too\n")
        before = self.host.tree()
        self.host.apply(releases.router())
        self.host.apply(releases.router("# second"))
        self.assertNotEqual(self.host.tree(), before)
        restored = self.host.must("apply restore")["restored"]
        self.assertEqual({SSHD, NFT, NFT_UNIT} - set(restored), set())
        self.assertEqual(self.host.tree(), before)
        self.assertTrue(self.host.fake["units"]["ssh.service"]["active"])

    def test_an_unconfirmed_release_goes_back_by_the_timer_and_a_confirmed_one_does_not(self) -> None:
        first = self.host.apply(releases.router())
        after_first = self.host.tree()
        second = self.pending(releases.plain("MaxAuthTries 3\n"))
        self.assertTrue(self.host.fake["units"][revert.TIMER]["active"])
        self.assertEqual(self.host.must(f"apply revert {second}"), {"reverted": first})
        self.assertEqual(self.host.tree(), after_first)
        self.assertFalse(self.host.fake["units"][revert.TIMER]["active"])
        third = self.host.apply(releases.plain())
        self.assertEqual(self.host.must(f"apply revert {third}"), {"reverted": third})

    def test_a_late_timer_of_an_older_release_does_not_touch_the_newer_pending_one(self) -> None:
        older = self.pending(releases.plain("MaxAuthTries 3\n"))
        newer = self.pending(releases.plain("MaxAuthTries 4\n"))
        self.assertEqual(self.host.must(f"apply revert {older}"), {"reverted": newer})
        self.assertTrue(self.host.fake["units"][revert.TIMER]["active"])

    def test_the_timer_survives_a_reboot_because_it_is_an_enabled_file(self) -> None:
        self.pending(releases.plain())
        self.assertIn("OnActiveSec=60s", self.host.get(revert.FOLDER + revert.TIMER) or "")
        self.assertTrue(self.host.fake["units"][revert.TIMER]["enabled"])

    def test_two_activations_in_a_row_go_back_to_the_last_confirmed_one(self) -> None:
        first = self.host.apply(releases.plain())
        self.pending(releases.plain("MaxAuthTries 3\n"))
        last = self.pending(releases.plain("MaxAuthTries 4\n"))
        self.assertEqual(self.host.must(f"apply revert {last}"), {"reverted": first})
        self.assertEqual(self.host.get(SSHD), "PasswordAuthentication no\n")

    def test_a_unit_that_fails_brings_the_last_confirmed_release_back_at_once(self) -> None:
        first = self.host.apply(releases.plain())
        before = self.host.tree()
        staged = self.host.must("apply stage", stage(releases.broken_unit()))["hash"]
        code, document = self.host.line(f"apply activate {staged} 60")
        self.assertEqual((code, document["error"]["command"]), (5, "systemctl restart site-mesh-broken.service"))
        self.assertIn("is back", document["error"]["message"])
        self.assertEqual(self.host.tree(), before)
        status = self.host.must("apply status")
        self.assertEqual((status["active"], status["pendingRevert"], status["drift"]), (first, False, []))
        # systemd goes on listing a unit that failed, although its file is gone.
        self.assertIn("systemctl restart site-mesh-broken.service", self.host.fake["log"])
        self.assertEqual([name for name, one in self.host.fake["units"].items() if one.get("failed")], [])

    def test_a_unit_that_is_not_there_is_known_whatever_this_systemd_calls_it(self) -> None:
        for word in ("", "not-found\n"):
            self.host.fake["no_such_unit"] = word
            self.assertEqual(unit_state.enabled(self.host.system, "nobody.service"), "absent")
        self.assertEqual(unit_state.enabled(self.host.system, "ssh.service"), "enabled")

    def test_a_full_disk_is_said_with_the_file_and_keeps_nothing_of_the_release(self) -> None:
        def full(descriptor: int) -> None:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with unittest.mock.patch.object(self.host.system, "sync", full):
            code, document = self.host.line("apply stage", stage(releases.plain()))
        self.assertEqual((code, document["error"]["code"]), (5, "command-failed"))
        self.assertRegex(document["error"]["message"], "has no room for /var/lib/site-mesh/releases/.*[.]tmp/files/")
        self.assertEqual(self.host.system.entries(STATE + "releases"), [])

    def test_when_going_back_fails_too_the_timer_stays_armed(self) -> None:
        staged = self.host.must("apply stage", stage(releases.broken_unit()))["hash"]
        self.host.fake["failing"] = ["systemctl restart site-mesh-broken", "systemctl disable --now site-mesh-broken"]
        code, document = self.host.line(f"apply activate {staged} 60")
        self.assertEqual(code, 5)
        self.assertIn("the timer will try again", document["error"]["message"])
        self.assertTrue(self.host.fake["units"][revert.TIMER]["active"])
        self.host.fake["failing"] = []
        self.assertEqual(self.host.must(f"apply revert {staged}"), {"reverted": None})

    def test_a_release_without_a_default_route_does_not_keep_the_rules_of_the_last_one_from_loading(
        self,
    ) -> None:
        self.host.apply(releases.router("# first"))
        first = self.host.get(interfaces.INCLUDE)
        last = self.pending(releases.router("# second"))
        self.host.fake["default_route"] = False
        self.host.must(f"apply revert {last}")
        self.assertEqual(self.host.get(interfaces.INCLUDE), first)
        self.assertIn("PUBIF", first or "")

    def test_a_unit_that_fails_while_going_back_keeps_no_other_from_it(self) -> None:
        self.host.apply(releases.router("# first"))
        second = releases.router("# second")
        second["files"][SSHD] = releases.file("MaxAuthTries 3\n")
        last = self.pending(second)
        self.host.fake["failing"] = ["systemctl reload-or-restart site-mesh-nft", "systemctl restart site-mesh-nft"]
        self.host.fake["log"].clear()
        code, _ = self.host.line(f"apply revert {last}")
        self.assertEqual(code, 5)
        ran = [line for line in self.host.fake["log"] if "ssh.service" in line and "reload" in line]
        self.assertEqual(len(ran), 1)
        self.assertTrue(self.host.must("apply status")["pendingRevert"])
        self.host.fake["failing"] = []
        self.host.must(f"apply revert {last}")
        self.assertFalse(self.host.must("apply status")["pendingRevert"])

    def test_confirmation_needs_a_working_data_path(self) -> None:
        broken: list[tuple[dict[str, Any], str]] = [
            ({"default_route": False}, "default-route"),
            ({"links": {"eth0": "203.0.113.10"}}, "lan"),
            ({"ping": False, "neighbour": ""}, "lan"),
        ]
        good = {key: self.host.fake[key] for state, _ in broken for key in state}
        staged = self.pending(releases.plain())
        for state, name in broken:
            self.host.fake.update({**good, **state})
            code, document = self.host.line(f"apply confirm {staged}")
            self.assertEqual(code, 3)
            failing = [check["name"] for check in document["error"]["checks"] if check["result"] == "failed"]
            self.assertEqual(failing, [name])
            self.assertTrue(self.host.must("apply status")["pendingRevert"])
        self.host.fake.update(good)
        self.host.must(f"apply confirm {staged}")

    def test_a_gateway_that_ignores_pings_is_enough_when_it_is_a_neighbour(self) -> None:
        self.host.fake.update({"ping": False, "neighbour": "REACHABLE"})
        self.host.apply(releases.plain())

    def test_a_layer_two_lan_needs_no_gateway_but_its_prefix_on_the_link(self) -> None:
        self.host.fake.update({"gateway": None, "ping": False})
        staged = self.pending(releases.plain())
        self.assertEqual(self.host.line(f"apply confirm {staged}")[0], 0)
        other = self.host.must("apply stage", stage(releases.plain("UsePAM yes\n"), lanPrefix="10.99.0.0/24"))["hash"]
        self.host.must(f"apply activate {other} 60")
        self.host.system.ssh = "yet another"
        self.assertEqual(self.host.line(f"apply confirm {other}")[0], 3)

    def test_drift_is_named_for_files_modes_units_and_packages(self) -> None:
        self.host.apply(releases.router())
        clean = self.host.must("apply status")
        self.assertEqual(clean["drift"], [])
        self.host.put(NFT, "# edited\n")
        self.host.put(SSHD, self.host.get(SSHD) or "", 0o600)
        self.host.system.remove(NFT_UNIT)
        self.host.fake["units"]["ssh.service"]["active"] = False
        self.host.fake["packages"]["tailscale"]["hold"] = False
        drifted = self.host.must("apply status")
        expected = [NFT, SSHD, NFT_UNIT, "package tailscale", "unit site-mesh-nft.service", "unit ssh.service"]
        self.assertEqual(drifted["drift"], sorted(expected))
        self.assertNotEqual(drifted["live"], clean["live"])

    def test_a_unit_that_the_boot_has_yet_to_start_is_no_drift_and_one_that_nobody_starts_is(self) -> None:
        self.host.apply(releases.router())
        self.host.fake["units"]["ssh.service"]["active"] = False
        self.host.fake["starting"] = 3
        self.assertEqual(self.host.must("apply status")["drift"], [])
        self.host.fake["units"]["ssh.service"]["active"] = False
        self.assertEqual(self.host.must("apply status")["drift"], ["unit ssh.service"])
        # A boot that does not end is waited for eight seconds: an answer has to come.
        self.host.fake["starting"] = 1000
        before = self.host.system.monotonic()
        self.assertEqual(self.host.must("apply status")["drift"], ["unit ssh.service"])
        self.assertLess(self.host.system.monotonic() - before, 9)

    def test_each_kind_of_drift_alone_changes_the_live_hash(self) -> None:
        clean = self.host.apply(releases.router())
        self.host.fake["packages"]["tailscale"]["hold"] = False
        self.assertNotEqual(self.host.must("apply status")["live"], clean)
        self.host.fake["packages"]["tailscale"]["hold"] = True
        self.host.fake["units"]["ssh.service"]["enabled"] = False
        self.assertNotEqual(self.host.must("apply status")["live"], clean)

    def test_new_interface_names_reload_what_reads_them(self) -> None:
        self.host.apply(releases.router())
        self.assertIn('define LANIF = "enp7s0"', self.host.get(STATE + "interfaces.nft") or "")
        self.host.fake["links"] = {"eth0": "203.0.113.10", "ens10": "10.77.10.2"}
        self.assertEqual(self.activate(releases.router())["restarted"], ["site-mesh-nft.service"])
        self.assertIn('define LANIF = "ens10"', self.host.get(STATE + "interfaces.nft") or "")

    def test_a_unit_finds_interfaces_and_the_lan_address_in_its_environment_and_follows_them(self) -> None:
        path = "/etc/systemd/system/site-mesh-rules.service"
        release = releases.router()
        release["files"][path] = releases.file(
            f"[Service]\nEnvironmentFile={STATE}interfaces.env\nExecStart=/bin/true\n"
        )
        release["units"]["site-mesh-rules.service"] = releases.unit(path)
        self.host.apply(release)
        self.assertEqual(self.host.get(STATE + "interfaces.env"), "LANIF=enp7s0\nPUBIF=eth0\nLANADDR=10.77.10.2\n")
        self.host.fake["links"] = {"eth0": "203.0.113.10", "enp7s0": "10.77.10.9"}
        restarted = self.activate(release, lan="10.77.10.9")["restarted"]
        self.assertEqual(restarted, ["site-mesh-rules.service"])
        self.assertEqual(self.host.get(STATE + "interfaces.env"), "LANIF=enp7s0\nPUBIF=eth0\nLANADDR=10.77.10.9\n")

    def test_a_unit_finds_the_ipv6_address_that_was_named_and_no_other_of_that_interface(self) -> None:
        # The active router holds the shared address of its prefix too.
        self.host.fake["links6"] = {"enp7s0": ["fd12::ffff", "fd12::2"]}
        self.host.apply(releases.router(), lan6="fd12::2")
        environment = "LANIF=enp7s0\nPUBIF=eth0\nLANADDR=10.77.10.2\nLANADDR6=fd12::2\n"
        self.assertEqual(self.host.get(STATE + "interfaces.env"), environment)
        self.host.apply(releases.router("# second"))
        self.assertNotIn("LANADDR6", self.host.get(STATE + "interfaces.env") or "")

    def test_the_environment_names_nothing_that_the_host_does_not_have(self) -> None:
        public = interfaces.Interface("eth0", "203.0.113.10")
        self.assertEqual(interfaces.environment_text(interfaces.Interfaces(public, None)), "PUBIF=eth0\n")
        self.assertEqual(interfaces.environment_text(interfaces.Interfaces(None, None)), "")

    def test_credentials_are_root_only_and_follow_the_release_back(self) -> None:
        release = releases.plain()
        release["files"]["/etc/site-mesh/agent.conf"] = releases.file(f"token = {STATE}credentials/token\n")
        self.host.apply(release, credentials={"token": "first"})
        staged = self.host.must("apply stage", stage(releases.plain(), credentials={"other": "second"}))["hash"]
        self.host.must(f"apply activate {staged} 60")
        self.assertEqual(self.host.system.entries(STATE + "credentials"), ["other"])
        self.assertEqual(self.host.system.look(STATE + "credentials/other").mode, 0o600)
        self.host.must(f"apply revert {staged}")
        self.assertEqual(self.host.get(STATE + "credentials/token"), "first")

    def test_the_host_offers_both_keys_until_the_bootstrap_key_is_retired(self) -> None:
        self.host.apply(releases.plain())
        both = "HostKey /etc/ssh/ssh_host_ed25519_key\nHostKey /etc/ssh/ssh_host_ecdsa_key\n"
        self.assertEqual(self.host.get(hostkeys.DROP_IN), both)
        self.host.apply(releases.plain(), retireBootstrapKey=True)
        self.assertEqual(self.host.get(hostkeys.DROP_IN), "HostKey /etc/ssh/ssh_host_ed25519_key\n")
        self.assertFalse(self.host.system.exists("/etc/ssh/ssh_host_ecdsa_key"))
        loaded = self.host.fake["loaded"]["ssh.service"][hostkeys.DROP_IN]
        self.assertEqual(loaded, "HostKey /etc/ssh/ssh_host_ed25519_key\n")
        self.host.must("apply restore")
        self.assertTrue(self.host.system.exists("/etc/ssh/ssh_host_ecdsa_key"))

    def test_a_key_that_user_data_did_not_bring_is_the_owners_and_stays(self) -> None:
        self.host.system.remove(hostkeys.USER_DATA)
        self.host.apply(releases.plain(), retireBootstrapKey=True)
        self.assertTrue(self.host.system.exists("/etc/ssh/ssh_host_ecdsa_key"))

    def test_an_ed25519_key_that_is_there_is_kept(self) -> None:
        self.host.put("/etc/ssh/ssh_host_ed25519_key", "PRIVATE old", 0o600)
        self.host.put("/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 OLD comment\n")
        self.host.apply(releases.plain())
        self.assertEqual(self.host.must("apply status")["hostKey"], "ssh-ed25519 OLD")

    def test_a_staged_release_that_somebody_edited_has_to_be_staged_again(self) -> None:
        staged = self.host.must("apply stage", stage(releases.plain()))["hash"]
        place = f"{STATE}releases/{staged}/release.json"
        self.host.put(place, (self.host.get(place) or "").replace("PasswordAuthentication no", "UsePAM no"))
        self.assertEqual(self.host.line(f"apply activate {staged} 60")[1]["error"]["code"], "not-staged")
        self.host.apply(releases.plain())

    def test_only_releases_that_can_come_back_are_kept(self) -> None:
        hashes = [self.host.apply(releases.plain(f"MaxAuthTries {n}\n")) for n in (3, 4, 5)]
        self.assertEqual(self.host.system.entries(STATE + "releases"), sorted(hashes[1:]))

    def test_a_folder_where_a_file_should_go_is_refused_not_replaced(self) -> None:
        self.host.put(NFT + "/inside", "x")
        code, document = self.host.line("apply stage", stage(releases.router()))
        self.assertEqual((code, document["error"]["code"]), (2, "usage"))
        self.assertEqual(self.host.get(NFT + "/inside"), "x")
