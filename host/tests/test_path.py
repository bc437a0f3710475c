"""How large a packet may be, and what becomes of larger ones."""

from __future__ import annotations

import unittest
from typing import Any

from mesh_host import path
from tests import releases
from tests.sandbox import Sandbox

V4 = "100.64.0.7"
V6 = "fd7a:115c:a1e0::7"


class PathTest(unittest.TestCase):
    def setUp(self) -> None:
        self.host = Sandbox()
        self.addCleanup(self.host.folder.cleanup)

    def mtu(self, address: str = V4, **path: Any) -> dict[str, Any]:
        self.host.fake["paths"][address] = path
        return self.host.must(f"path mtu {address}")

    def sizes(self, answer: dict[str, Any]) -> list[int]:
        return [probe["size"] for probe in answer["tried"]]

    def test_the_whole_of_the_device_passes(self) -> None:
        for address in (V4, V6):
            answer = self.mtu(address)
            self.assertEqual(answer["largest"], 1500)
            self.assertEqual((answer["complete"], answer["told"], answer["blackHole"]), (True, False, False))
            self.assertEqual(len(answer["tried"]), 2)
        self.assertEqual(answer["mss"], 1440)

    def test_a_router_that_tells_is_believed_and_then_checked(self) -> None:
        for address in (V4, V6):
            answer = self.mtu(address, mtu=1400, router="10.0.0.9")
            self.assertEqual((answer["largest"], answer["told"], answer["blackHole"]), (1400, True, False))
            self.assertEqual(self.sizes(answer), [path.SMALLEST[4 if address == V4 else 6], 1500, 1400, 1401])
            self.assertEqual(answer["tried"][1], {"size": 1500, "result": "told", "mtu": 1400, "from": "10.0.0.9"})
            self.assertEqual(answer["tried"][3]["from"], None, "our own kernel remembers")

    def test_what_was_learnt_before_counts_for_tcp_and_does_not_shorten_the_search(self) -> None:
        self.mtu(mtu=1400)
        answer = self.host.must(f"path mtu {V4}")
        self.assertEqual((answer["route"]["mtu"], answer["route"]["learnt"], answer["mss"]), (1500, 1400, 1360))
        self.assertEqual((answer["largest"], answer["told"]), (1400, True))

    def test_silence_is_a_black_hole_and_its_edge_is_found_to_the_byte(self) -> None:
        for address in (V4, V6):
            for size in (1280, 1281, 1399, 1499):
                with self.subTest(address=address, size=size):
                    answer = self.mtu(address, mtu=size, silent=True)
                    self.assertEqual((answer["largest"], answer["told"], answer["blackHole"]), (size, False, True))
                    self.assertLessEqual(len(answer["tried"]), 13)
                    self.assertIn({"size": size + 1, "result": "silence", "mtu": None, "from": None}, answer["tried"])

    def test_an_address_that_does_not_answer_at_all_is_no_black_hole(self) -> None:
        answer = self.mtu(mtu=0)
        self.assertEqual((answer["largest"], answer["blackHole"], answer["told"]), (None, False, False))
        self.assertEqual(len(answer["tried"]), 1)
        refused = self.mtu(unreachable=True, router="10.0.0.9")
        self.assertEqual(refused["tried"], [{"size": 576, "result": "refused", "mtu": None, "from": "10.0.0.9"}])

    def test_the_search_ends_in_time_and_says_that_it_is_not_complete(self) -> None:
        real = self.host.system.run

        def slow(*args: Any, **kwargs: Any) -> Any:
            self.host.system.time += 3
            return real(*args, **kwargs)

        self.host.system.run = slow  # type: ignore[method-assign]
        started = self.host.system.time
        answer = self.mtu(mtu=1399, silent=True)
        self.assertFalse(answer["complete"])
        self.assertLess(self.host.system.time - started, path.SEARCH_SECONDS + 12)
        self.assertLess(answer["largest"], 1399)

    def test_the_clamp_is_told_where_it_is_loaded_and_for_the_tunnel_alone(self) -> None:
        self.assertEqual(self.mtu(device="tailscale0", mtu=1280)["clamp"], {"loaded": False, "mss": None})
        self.host.apply(releases.router())
        answer = self.mtu(device="tailscale0", mtu=1280)
        self.assertEqual((answer["largest"], answer["clamp"]), (1280, {"loaded": True, "mss": 1240}))
        self.assertEqual(self.mtu(V6, device="tailscale0", mtu=1280)["clamp"]["mss"], 1220)
        self.assertEqual(self.mtu()["clamp"], {"loaded": True, "mss": None})

    def test_no_route_no_ping_and_no_address_are_said(self) -> None:
        self.host.fake["paths"][V4] = {"device": None}
        code, document = self.host.line(f"path mtu {V4}")
        self.assertEqual((code, document["error"]["message"]), (5, f"this host has no route to {V4}"))
        del self.host.fake["paths"][V4]
        real = self.host.system.run

        def without(argv: list[str], *args: Any, **kwargs: Any) -> Any:
            return real(["no-such-ping"] if argv[0] == "ping" else argv, *args, **kwargs)

        self.host.system.run = without  # type: ignore[assignment,method-assign]
        code, document = self.host.line(f"path mtu {V4}")
        self.assertEqual(code, 5)
        self.assertIn("iputils-ping", document["error"]["message"])
        for word in ("fra-edge-01", "127.0.0.1", "224.0.0.1", "0.0.0.0", "fe80::1", "-f"):
            with self.subTest(word=word):
                self.assertEqual(self.host.line(f"path mtu {word}")[0], 2)
