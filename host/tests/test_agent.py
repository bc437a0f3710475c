"""The agent's loop over actuators that only note what they are asked, its view of tailscaled, and its frames."""

from __future__ import annotations

import ipaddress
import json
import tempfile
import threading
import time
import unittest
from pathlib import Path

from mesh_host import agent
from mesh_host.agent import Agent
from mesh_host.agent_lan import checksum, claims, gratuitous_arp, neighbour_advertisement
from mesh_host.agent_view import Tailnet, look, read
from mesh_host.system import System

PREFIX = "10.77.40.0/24"
CONFIG = {"agent": "a" * 16, "prefixes": [PREFIX], "way": {"kind": "layer2", "vip": "10.77.40.1"}}
MAC, OTHER = bytes.fromhex("525400000001"), bytes.fromhex("525400000002")
VIP = ipaddress.IPv4Address("10.77.40.1").packed


class Noted:
    """An actuator. `fail`: what does not work; `slow`: seconds that a claim takes."""

    def __init__(self, shared: bool) -> None:
        self.shared = shared
        self.done: list[str] = []
        self.mine = False
        self.fail: set[str] = set()
        self.slow = threading.Event()
        self.slow.set()
        self.asked = 0

    def held(self) -> bool:
        self.asked += 1
        return self.mine

    def heard(self) -> bool:
        return False

    def claim(self) -> None:
        self.slow.wait(5)
        self.act("claim")
        self.mine = True

    def release(self) -> None:
        self.act("release")
        self.mine = False

    def announce(self) -> None:
        self.act("announce")

    def act(self, what: str) -> None:
        if what in self.fail:
            raise OSError(what + " does not work")
        self.done.append(what)


class Ticks(unittest.TestCase):
    def setUp(self) -> None:
        self.tailnet = Tailnet(True, True, False, True)

    def agent(self, actuator: Noted) -> Agent:
        return Agent(CONFIG, actuator, lambda _: self.tailnet)

    def test_a_new_primary_looks_again_soon_then_claims(self) -> None:
        actuator = Noted(True)
        one = self.agent(actuator)
        self.assertTrue(one.tick(False, 1))
        self.assertEqual(actuator.done, [])
        self.assertFalse(one.tick(True, 2))
        self.assertEqual(actuator.done, ["claim"])
        one.tick(False, 3)
        self.assertEqual((one.document["role"], one.document["holds"], one.document["since"]), ("primary", True, 2))

    def test_what_fails_is_told_and_tried_again(self) -> None:
        actuator = Noted(True)
        actuator.fail = {"claim"}
        one = self.agent(actuator)
        for _ in range(3):
            one.tick(False, 1)
        self.assertEqual(one.document["error"], "OSError: claim does not work")
        actuator.fail = set()
        one.tick(False, 1)
        self.assertEqual(actuator.done, ["claim"])
        self.assertIsNone(one.document["error"])

    def test_a_cloud_is_claimed_beside_the_loop_once_and_asked_seldom(self) -> None:
        actuator = Noted(False)
        actuator.slow.clear()
        one = self.agent(actuator)
        for _ in range(10):
            one.tick(False, 1)
        self.assertEqual(actuator.done, [])
        self.assertTrue(one.claiming)
        actuator.slow.set()
        while one.claiming:
            time.sleep(0.01)
        asked = actuator.asked
        for _ in range(50):
            one.tick(False, 1)
        self.assertEqual(actuator.done, ["claim"])
        self.assertEqual(actuator.asked, asked + 1)
        self.assertTrue(one.document["holds"])

    def test_an_alias_that_somebody_took_away_is_claimed_again(self) -> None:
        actuator = Noted(False)
        one = self.agent(actuator)
        for _ in range(10):
            one.tick(False, 1)
            time.sleep(0.01)
        actuator.mine = False
        for _ in range(agent.ASK_CLOUD + 5):
            one.tick(False, 1)
            time.sleep(0.001)
        self.assertEqual(actuator.done, ["claim", "claim"])

    def test_status_is_what_was_written_and_nulls_without_an_agent(self) -> None:
        with tempfile.TemporaryDirectory() as root:
            system = System(root)
            self.assertEqual(agent.status(system), {"role": None, "vip": None, "holds": None})
            one = self.agent(Noted(True))
            one.tick(False, 5)
            system.write(agent.STATUS, json.dumps(one.document).encode())
            self.assertEqual(agent.status(system)["vip"], "10.77.40.1")


class Views(unittest.TestCase):
    def test_a_peer_that_has_the_prefix_is_who_carries_it_and_our_own_word_counts_nothing(self) -> None:
        prefs = {"AdvertiseRoutes": [PREFIX]}
        own = {"BackendState": "Running", "Self": {"Online": True, "PrimaryRoutes": [PREFIX]}}
        self.assertFalse(read({**own, "Peer": {}}, prefs, [PREFIX]).peer_primary)
        self.assertTrue(read({**own, "Peer": {"x": {"PrimaryRoutes": [PREFIX]}}}, prefs, [PREFIX]).peer_primary)
        self.assertFalse(
            read({**own, "Peer": {"x": {"PrimaryRoutes": ["10.77.10.0/24"]}}}, prefs, [PREFIX]).peer_primary
        )

    def test_all_prefixes_must_be_offered(self) -> None:
        status = {"BackendState": "Running", "Self": {"Online": True}, "Peer": None}
        self.assertTrue(read(status, {"AdvertiseRoutes": [PREFIX, "fd00::/64"]}, [PREFIX, "fd00::/64"]).advertises)
        self.assertFalse(read(status, {"AdvertiseRoutes": [PREFIX]}, [PREFIX, "fd00::/64"]).advertises)
        self.assertFalse(read(status, {"AdvertiseRoutes": None}, [PREFIX]).advertises)

    def test_a_daemon_that_does_not_answer_does_not_run(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.assertFalse(look([PREFIX], str(Path(folder) / "none.sock")).running)


class Frames(unittest.TestCase):
    def test_an_announcement_is_heard_by_others_and_not_by_its_sender(self) -> None:
        for frame in gratuitous_arp(MAC, VIP):
            self.assertTrue(claims(frame, OTHER, VIP))
            self.assertFalse(claims(frame, MAC, VIP))
            self.assertFalse(claims(frame, OTHER, ipaddress.IPv4Address("10.77.40.2").packed))
        self.assertFalse(claims(b"short", OTHER, VIP))

    def test_a_neighbour_advertisement_overrides_and_its_checksum_holds(self) -> None:
        address = ipaddress.IPv6Address("fd77:0:0:40::1").packed
        frame = neighbour_advertisement(MAC, address)
        body = frame[54:]
        pseudo = address + ipaddress.IPv6Address("ff02::1").packed + len(body).to_bytes(4, "big") + b"\0\0\0\x3a"
        self.assertEqual(checksum(pseudo + body), 0)
        self.assertNotEqual(checksum(pseudo + body[:-1] + b"\x07"), 0)
        self.assertEqual((body[0], body[4] & 0x20, body[8:24]), (136, 0x20, address))


if __name__ == "__main__":
    unittest.main()
