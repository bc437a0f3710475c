"""kill -9 at every single step, then the same again: the host must end up where it would have without."""

from __future__ import annotations

import unittest
from collections.abc import Callable

from mesh_host import revert
from mesh_host.store import load_state
from tests import releases
from tests.releases import NFT
from tests.sandbox import Died, Sandbox, join, stage
from tests.test_restore import Whole, lived_in

Act = Callable[[Sandbox], object]


class CrashTest(unittest.TestCase):
    def every_step(self, prepare: Act, act: Act, check: Callable[[Sandbox], None]) -> None:
        with Sandbox() as host:
            prepare(host)
            host.dies_at(None)
            act(host)
            steps = len(host.system.steps)
            check(host)
            expected = host.tree()
        self.assertGreater(steps, 5)
        for step in range(steps):
            with self.subTest(step=step), Sandbox() as host:
                prepare(host)
                host.dies_at(step)
                with self.assertRaises(Died):
                    act(host)
                host.dies_at(None)
                act(host)
                check(host)
                self.assertEqual(host.tree(), expected)

    def consistent(self, host: Sandbox) -> None:
        """No drift, and every running unit has read the files that are there now: no restart was lost."""
        self.assertEqual(host.must("apply status")["drift"], [])
        fake = host.system.fake
        for name, loaded in host.fake["loaded"].items():
            if fake.unit_text(name) and host.fake["units"][name]["active"] and not name.startswith("site-mesh-revert"):
                self.assertEqual(loaded, fake.read_by(name), name)

    def test_a_release_that_is_only_half_placed_is_never_confirmed(self) -> None:
        refused = 0
        for step in range(200):
            with self.subTest(step=step), Sandbox() as host:
                active = host.apply(releases.router())
                host.put(NFT, "# edited by hand\n")
                host.must("apply stage", stage(releases.router()))
                host.system.ssh = "repairs"
                host.dies_at(step)
                try:
                    host.must(f"apply activate {active} 60")
                except Died:
                    host.dies_at(None)
                else:
                    break
                host.system.ssh = "confirms"
                begun = load_state(host.system).pending is not None
                code, answer = host.line(f"apply confirm {active}")
                # What never began changed nothing: the release from before is confirmed still.
                if code == 0 and begun:
                    self.assertEqual(host.must("apply status")["drift"], [])
                refused += code == 4 and "half placed" in answer["error"]["message"]
        self.assertGreater(refused, 3)

    def test_a_first_release(self) -> None:
        def check(host: Sandbox) -> None:
            self.consistent(host)
            self.assertEqual(host.system.entries("/var/lib/site-mesh/originals"), ["index.json"])

        self.every_step(lambda host: None, lambda host: host.apply(releases.router()), check)

    def test_a_changed_release(self) -> None:
        def prepare(host: Sandbox) -> None:
            host.put(NFT, "# the owner's\n")
            host.apply(releases.router())

        def check(host: Sandbox) -> None:
            self.consistent(host)
            host.must("apply restore")
            self.assertEqual(host.get(NFT), "# the owner's\n")

        self.every_step(prepare, lambda host: host.apply(releases.router("# second"), retireBootstrapKey=True), check)

    def test_a_release_that_takes_units_away(self) -> None:
        def check(host: Sandbox) -> None:
            self.consistent(host)
            self.assertFalse(host.fake["units"]["site-mesh-nft.service"]["active"])

        self.every_step(lambda host: host.apply(releases.router()), lambda host: host.apply(releases.plain()), check)

    def test_an_activation_that_nobody_repeats_goes_back_by_the_timer(self) -> None:
        def prepare(host: Sandbox) -> str:
            host.apply(releases.router())
            host.system.ssh = "activates"
            return str(host.must("apply stage", stage(releases.plain("MaxAuthTries 3\n")))["hash"])

        with Sandbox() as host:
            staged = prepare(host)
            expected = host.tree()
            host.dies_at(None)
            host.must(f"apply activate {staged} 60")
            steps = len(host.system.steps)
        reverted = 0
        for step in range(steps):
            with self.subTest(step=step), Sandbox() as host:
                staged = prepare(host)
                host.dies_at(step)
                with self.assertRaises(Died):
                    host.must(f"apply activate {staged} 60")
                host.dies_at(None)
                if host.fake["units"].get(revert.TIMER, {"active": False})["active"]:
                    reverted += 1
                    host.must(f"apply revert {staged}")
                # Unarmed means that nothing of the release had been placed yet, but perhaps a file of the timer.
                tree = {path: text for path, text in host.tree().items() if "site-mesh-revert" not in path}
                self.assertEqual(tree, expected)
                self.consistent(host)
        self.assertGreater(reverted, steps // 2)

    def test_a_revert(self) -> None:
        staged: dict[Sandbox, str] = {}

        def prepare(host: Sandbox) -> None:
            host.apply(releases.router())
            staged[host] = str(host.must("apply stage", stage(releases.plain("MaxAuthTries 3\n")))["hash"])
            host.must(f"apply activate {staged[host]} 60")

        self.every_step(prepare, lambda host: host.must(f"apply revert {staged[host]}"), self.consistent)

    def test_a_restore(self) -> None:
        def check(host: Sandbox) -> None:
            self.assertIsNone(host.must("apply status")["active"])
            self.assertTrue(host.system.exists("/etc/ssh/ssh_host_ecdsa_key"))

        self.every_step(
            lambda host: host.apply(releases.router(), retireBootstrapKey=True),
            lambda host: host.must("apply restore"),
            check,
        )

    def test_a_first_release_on_an_existing_machine_and_its_restore(self) -> None:
        before: dict[str, Whole] = {}

        def prepare(host: Sandbox) -> None:
            lived_in(host)
            before["all"] = Whole(host)

        def released(host: Sandbox) -> None:
            self.consistent(host)
            host.must("apply restore")
            restored(host)

        def restored(host: Sandbox) -> None:
            after = Whole(host)
            for name, value in vars(before["all"]).items():
                self.assertEqual(vars(after)[name], value, name)
            self.assertEqual([path for path in host.folders() if "site-mesh" in path], ["/etc/site-mesh"])

        def take(host: Sandbox) -> None:
            host.existing(releases.subnet_router())

        def give_back(host: Sandbox) -> None:
            host.must("apply restore")

        def taken(host: Sandbox) -> None:
            prepare(host)
            take(host)

        self.every_step(prepare, take, released)
        self.every_step(taken, give_back, restored)
        # And when nobody tries again: a restore alone is enough, wherever the release was cut off.
        with Sandbox() as host:
            prepare(host)
            host.dies_at(None)
            take(host)
            steps = len(host.system.steps)
        for step in range(steps):
            with self.subTest(step=step), Sandbox() as host:
                prepare(host)
                host.dies_at(step)
                with self.assertRaises(Died):
                    take(host)
                host.dies_at(None)
                give_back(host)
                restored(host)

    def test_a_join_spends_one_key_and_leaves_none_behind(self) -> None:
        def prepare(host: Sandbox) -> None:
            host.apply(releases.router())
            for key in ("first", "second"):
                host.fake["tailscale"]["keys"][key] = {
                    "tailnet": "acme-staging",
                    "tags": ["tag:router"],
                    "spent": False,
                }

        def act(host: Sandbox) -> None:
            # As the provider does: ask first, and mint a key only when there is nothing to adopt.
            if host.line("node join", join())[0] == 4:
                keys = host.fake["tailscale"]["keys"]
                host.must("node join", join(authKey=next(key for key in keys if not keys[key]["spent"])))

        def check(host: Sandbox) -> None:
            self.assertEqual(host.fake["tailscale"]["joins"], 1)
            self.assertEqual(host.system.entries("/run/site-mesh"), ["lock", "routes-lock"])
            self.assertEqual(host.must("route status")["advertised"], ["10.77.10.0/24"])
            self.assertFalse(host.system.exists("/etc/ssh/ssh_host_ecdsa_key"))

        self.every_step(prepare, act, check)
