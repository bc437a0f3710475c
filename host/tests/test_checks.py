"""Refusals before anything is placed, each with the accepted twin."""

from __future__ import annotations

import unittest
from typing import Any

from tests import releases
from tests.releases import NFT, NFT_UNIT, SSHD
from tests.sandbox import Sandbox, stage


class CheckTest(unittest.TestCase):
    def setUp(self) -> None:
        self.host = Sandbox()
        self.addCleanup(self.host.folder.cleanup)

    def results(self, release: dict[str, Any], code: int = 0, **more: Any) -> dict[str, str]:
        got, document = self.host.line("apply stage", stage(release, **more))
        self.assertEqual(got, code, document)
        checks = document["error"]["checks"] if code else document["checks"]
        return {check["name"]: check["result"] for check in checks}

    def refused(self, release: dict[str, Any], name: str, **more: Any) -> str:
        """The one failing check, its reason in the message, and nothing left behind."""
        code, document = self.host.line("apply stage", stage(release, **more))
        self.assertEqual(code, 3, document)
        failing = [check for check in document["error"]["checks"] if check["result"] == "failed"]
        self.assertEqual([check["name"] for check in failing], [name])
        self.assertIn(failing[0]["detail"], document["error"]["message"])
        self.assertEqual(self.host.system.entries("/var/lib/site-mesh/releases"), [])
        return str(failing[0]["detail"])

    def test_a_good_router_passes_them_all(self) -> None:
        names = ["interfaces", "nft " + NFT, "sshd -t", "systemd-analyze verify"]
        self.assertEqual(self.results(releases.router()), dict.fromkeys(names, "ok"))

    def test_a_ruleset_that_nft_refuses(self) -> None:
        self.refused(releases.router("{"), "nft " + NFT)

    def test_a_ruleset_is_checked_with_the_names_that_this_release_will_get(self) -> None:
        self.host.put("/var/lib/site-mesh/interfaces.nft", "# an older tool knew no names\n")
        self.assertEqual(self.results(releases.router())["nft " + NFT], "ok")

    def test_a_unit_without_a_service(self) -> None:
        release = releases.router()
        release["files"][NFT_UNIT]["content"] = "[Unit]\n"
        self.assertIn("ExecStart", self.refused(release, "systemd-analyze verify"))

    def test_an_option_that_sshd_does_not_know(self) -> None:
        self.assertIn("Bogus", self.refused(releases.plain("Bogus yes\n"), "sshd -t"))

    def test_the_drop_in_is_tried_instead_of_the_one_that_is_there(self) -> None:
        self.host.put(SSHD, "Bogus yes\n")
        self.assertEqual(self.results(releases.plain())["sshd -t"], "ok")

    def test_an_sshd_that_would_not_read_the_drop_in(self) -> None:
        self.host.put("/etc/ssh/sshd_config", "UsePAM yes\n")
        self.assertIn("no effect", self.refused(releases.plain(), "sshd -t"))

    def test_a_host_without_the_lan_address_after_a_wait(self) -> None:
        self.host.fake["links"] = {"eth0": "203.0.113.10"}
        self.assertIn("10.77.10.2", self.refused(releases.plain(), "interfaces"))
        self.assertGreaterEqual(self.host.system.time, 1030)

    def test_a_host_whose_lan_interface_lacks_the_ipv6_address(self) -> None:
        for held in ({}, {"enp7s0": ["fd12::9"]}, {"eth0": ["fd12::2"]}):
            self.host.fake["links6"] = held
            self.assertIn("does not have fd12::2", self.refused(releases.plain(), "interfaces", lan6="fd12::2"))
        self.host.fake["links6"] = {"enp7s0": ["fe80::1", "fd12::9", "fd12::2"]}
        self.assertEqual(self.results(releases.plain(), lan6="fd12::2")["interfaces"], "ok")

    def test_a_private_network_that_is_attached_a_little_later(self) -> None:
        class Late(type(self.host.system)):  # type: ignore[misc]
            def sleep(self, seconds: float) -> None:
                self.fake.state["links"]["enp7s0"] = "10.77.10.2"
                super().sleep(seconds)

        del self.host.fake["links"]["enp7s0"]
        self.host.system.__class__ = Late
        self.assertEqual(self.results(releases.plain())["interfaces"], "ok")

    def test_a_host_without_a_default_route(self) -> None:
        self.host.fake["default_route"] = False
        self.refused(releases.plain(), "interfaces")

    def test_a_missing_checker_is_skipped_except_nft_which_the_release_needs(self) -> None:
        host = self.host.system.fake
        for command in ("sshd", "systemd_analyze"):
            setattr(host, "do_" + command, None)
        results = self.results(releases.router())
        self.assertEqual((results["sshd -t"], results["systemd-analyze verify"]), ("skipped", "skipped"))
        host.do_nft = None  # type: ignore[assignment, method-assign]
        code, _ = self.host.line("apply stage", stage(releases.router("# other")))
        self.assertEqual(code, 3)

    def test_staging_answers_what_would_change(self) -> None:
        def changed(release: dict[str, Any]) -> object:
            return self.host.must("apply stage", stage(release))["changed"]

        self.assertEqual(changed(releases.router()), sorted([NFT, NFT_UNIT, SSHD]))
        self.host.apply(releases.router())
        self.assertEqual(changed(releases.router()), [])
        self.assertEqual(changed(releases.router("# second")), [NFT])
        self.assertEqual(changed(releases.plain()), sorted([NFT, NFT_UNIT]))
