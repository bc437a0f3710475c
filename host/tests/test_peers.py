"""What a node sees of its tailnet."""

from __future__ import annotations

import unittest
from typing import Any

from tests import releases
from tests.sandbox import Sandbox, join

# As tailscale 1.102 writes it, less what nobody reads.
PEER: dict[str, Any] = {
    "ID": "n2CNTRL",
    "HostName": "fra-edge-02",
    "DNSName": "fra-edge-02.tail1234.ts.net.",
    "TailscaleIPs": ["100.64.0.2", "fd7a:115c:a1e0::2"],
    "AllowedIPs": ["100.64.0.2/32", "10.77.10.0/24"],
    "PrimaryRoutes": ["10.77.10.0/24"],
    "Tags": ["tag:router", "tag:eu-fra"],
    "CurAddr": "203.0.113.11:41641",
    "Relay": "fra",
    "PeerRelay": "",
    "RxBytes": 1200,
    "TxBytes": 900,
    "LastHandshake": "2026-03-01T10:00:00.5Z",
    "Online": True,
    "Active": True,
    "KeyExpiry": "2026-09-01T00:00:00Z",
}


class PeersTest(unittest.TestCase):
    def setUp(self) -> None:
        self.host = Sandbox()
        self.addCleanup(self.host.folder.cleanup)
        self.host.apply(releases.router())

    def joined(self, *peers: dict[str, Any]) -> dict[str, Any]:
        state = self.host.fake["tailscale"]
        state["keys"]["key"] = {"tailnet": "acme-staging", "tags": ["tag:router"], "spent": False}
        self.host.must("node join", join(authKey="key"))
        state["peers"] = list(peers)
        return self.host.must("node peers")

    def test_a_peer_is_told_with_its_path_and_what_it_carries(self) -> None:
        answer = self.joined(PEER)
        self.assertEqual(answer["version"], "1.102.3-t0123456789-g0123456789")
        self.assertEqual((answer["state"], answer["online"]), ("Running", True))
        self.assertEqual(
            answer["peers"],
            [
                {
                    "name": "fra-edge-02.tail1234.ts.net",
                    "nodeId": "n2CNTRL",
                    "addresses": ["100.64.0.2", "fd7a:115c:a1e0::2"],
                    "tags": ["tag:eu-fra", "tag:router"],
                    "online": True,
                    "active": True,
                    "curAddr": "203.0.113.11:41641",
                    "relay": "fra",
                    "peerRelay": "",
                    "primaryRoutes": ["10.77.10.0/24"],
                    "lastHandshake": "2026-03-01T10:00:00.5Z",
                    "rx": 1200,
                    "tx": 900,
                    "keyExpiry": "2026-09-01T00:00:00Z",
                }
            ],
        )

    def test_what_was_never_is_null_and_what_is_left_out_is_empty(self) -> None:
        bare = {"ID": "n3CNTRL", "HostName": "sin-app-01", "LastHandshake": "0001-01-01T00:00:00Z"}
        (peer,) = self.joined({**bare, "PrimaryRoutes": None, "Tags": None})["peers"]
        self.assertEqual((peer["name"], peer["lastHandshake"], peer["keyExpiry"]), ("sin-app-01", None, None))
        self.assertEqual((peer["primaryRoutes"], peer["tags"], peer["online"], peer["rx"]), ([], [], False, 0))

    def test_peers_come_in_one_order_and_nobody_at_all_is_an_empty_list(self) -> None:
        self.assertEqual(self.joined()["peers"], [])
        self.host.fake["tailscale"]["peers"] = [{**PEER, "ID": "n9", "DNSName": "z."}, PEER]
        self.assertEqual([peer["nodeId"] for peer in self.host.must("node peers")["peers"]], ["n2CNTRL", "n9"])

    def test_a_host_in_no_tailnet_has_no_peers_to_tell(self) -> None:
        code, document = self.host.line("node peers")
        self.assertEqual((code, document["error"]["code"]), (4, "not-joined"))


class ToolTest(unittest.TestCase):
    def test_status_tells_the_tool_that_activated_last(self) -> None:
        with Sandbox() as host:
            self.assertIsNone(host.must("apply status")["tool"])
            host.apply(releases.router())
            self.assertEqual(host.must("apply status")["tool"], "0123456789abcdef")
