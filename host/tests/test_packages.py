"""Exact versions from vendors whose signing key was pinned."""

from __future__ import annotations

import json
import unittest
from typing import Any

from mesh_host.system import Result
from tests import releases
from tests.keys import ARMORED, FINGERPRINT, OTHER_ARMORED
from tests.releases import APT
from tests.sandbox import Sandbox, stage

URL = "https://pkgs.example.com/debian/bookworm.gpg"
LIST = "/etc/apt/sources.list.d/site-mesh-tailscale.list"


def release(version: str = "1.102.3") -> dict[str, Any]:
    source = {
        "name": "tailscale",
        "url": "https://pkgs.example.com/{id}",
        "key": "https://pkgs.example.com/{id}/{codename}.gpg",
        "fingerprint": FINGERPRINT,
        "packages": ["tailscale"],
    }
    made = releases.router(version=version)
    made["files"][APT] = releases.file(json.dumps([source]))
    return made


class PackageTest(unittest.TestCase):
    def setUp(self) -> None:
        self.host = Sandbox()
        self.addCleanup(self.host.folder.cleanup)

    def activate(self, made: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        staged = self.host.must("apply stage", stage(made))["hash"]
        return self.host.line(f"apply activate {staged} 60")

    def test_the_pinned_version_is_installed_and_held(self) -> None:
        self.host.system.web[URL] = ARMORED.encode()
        self.assertEqual(self.activate(release())[0], 0)
        self.assertEqual(self.host.fake["packages"]["tailscale"], {"version": "1.102.3", "hold": True})
        line = (
            "deb [signed-by=/etc/apt/keyrings/site-mesh-tailscale.gpg] https://pkgs.example.com/debian bookworm main\n"
        )
        self.assertEqual(self.host.get(LIST), line)

    def test_a_key_that_is_not_the_pinned_one_stops_everything_before_a_file_changes(self) -> None:
        before = self.host.tree()
        self.host.system.web[URL] = OTHER_ARMORED.encode()
        code, document = self.activate(release())
        self.assertEqual(code, 5)
        self.assertIn(FINGERPRINT, document["error"]["message"])
        self.assertEqual(self.host.tree(), before)
        self.assertEqual(self.host.fake["packages"], {})

    def outcomes(self, program: str, *first: tuple[int, str, str]) -> list[list[str]]:
        """The program's first runs end so, later ones as ever; answers what it was called with."""
        self.host.system.web[URL] = ARMORED.encode()
        real, called, left = self.host.system.run, [], list(first)

        def run(argv: Any, stdin: str = "", timeout: float = 60) -> Any:
            if argv[0] in ("apt-get", "dpkg"):
                called.append(list(argv))
            if program in argv and left:
                return Result(*left.pop(0))
            return Result(0, "", "") if argv[0] == "dpkg" else real(argv, stdin, timeout)

        self.host.system.run = run  # type: ignore[method-assign]
        return called

    def test_another_apt_that_holds_the_lock_of_the_lists_is_waited_for(self) -> None:
        held = (100, "", "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)")
        called = self.outcomes("update", held, held)
        self.assertEqual(self.activate(release())[0], 0)
        self.assertEqual([argv for argv in called if "update" in argv], [["apt-get", "-q", "update"]] * 3)

    def test_it_is_not_waited_for_without_end_nor_for_another_failure(self) -> None:
        held = (100, "", "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)")
        for outcomes in ([held] * 100, [(100, "", "E: no such host")]):
            called = self.outcomes("update", *outcomes)
            code, document = self.activate(release())
            self.assertEqual((code, document["error"]["stderr"]), (5, outcomes[0][2]))
            self.assertLess(len(called), 70)

    def test_a_dpkg_that_was_cut_off_is_ended_first(self) -> None:
        called = self.outcomes(
            "install", (100, "", "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'")
        )
        self.assertEqual(self.activate(release())[0], 0)
        self.assertEqual([argv[-2:] for argv in called if argv[0] == "dpkg"], [["--configure", "-a"]])
        self.assertEqual(self.host.fake["packages"]["tailscale"], {"version": "1.102.3", "hold": True})

    def test_a_vendor_that_does_not_answer_is_named(self) -> None:
        code, document = self.activate(release())
        self.assertEqual((code, document["error"]["command"]), (5, "fetch " + URL))

    def test_nothing_is_fetched_when_the_version_is_there(self) -> None:
        self.host.fake["packages"]["tailscale"] = {"version": "1.102.3", "hold": False}
        self.assertEqual(self.activate(release())[0], 0)
        self.assertTrue(self.host.fake["packages"]["tailscale"]["hold"])
        self.assertNotIn("apt-get", " ".join(self.host.fake["log"]))

    def test_another_version_is_brought_to_the_pinned_one(self) -> None:
        self.host.apply(releases.router())
        self.host.apply(releases.router(version="1.100.0"))
        self.assertEqual(self.host.fake["packages"]["tailscale"]["version"], "1.100.0")

    def test_a_version_that_the_vendor_does_not_have_changes_no_file(self) -> None:
        before = self.host.tree()
        code, document = self.activate(releases.router(version="9.9.9"))
        self.assertEqual((code, document["error"]["code"]), (5, "command-failed"))
        self.assertIn("9.9.9", document["error"]["stderr"])
        self.assertEqual(self.host.tree(), before)
        self.assertFalse(self.host.must("apply status")["pendingRevert"])
