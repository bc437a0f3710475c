"""The alias of a Hetzner network, claimed at an API on loopback that refuses as the real one does."""

from __future__ import annotations

import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

from mesh_host.agent_cloud import Cloud, Refused

VIP = "10.77.10.254"
TOKEN = "a-token-of-this-project"


class Project:
    """Two servers in one network. `refuse`: error codes for the next changes; `lose`: changes made and not answered."""

    def __init__(self) -> None:
        self.servers = {"fra-edge-01": self.server("fra-edge-01"), "fra-edge-02": self.server("fra-edge-02")}
        self.refuse: list[tuple[int, str]] = []
        self.lose = 0
        self.changes: list[tuple[int, list[str]]] = []

    @staticmethod
    def server(name: str) -> dict[str, Any]:
        number = int(name[-1])
        return {
            "id": number,
            "name": name,
            "private_net": [{"network": 7, "ip": f"10.77.10.{number + 1}", "alias_ips": []}],
        }

    def aliases(self, name: str) -> list[str]:
        found: list[str] = self.servers[name]["private_net"][0]["alias_ips"]
        return found

    def page(self, number: int) -> dict[str, Any]:
        """One server on each page."""
        servers = list(self.servers.values())
        following = number + 1 if number < len(servers) else None
        return {"servers": servers[number - 1 : number], "meta": {"pagination": {"next_page": following}}}

    def change(self, number: int, wanted: list[str]) -> tuple[int, dict[str, Any]]:
        if self.refuse:
            status, code = self.refuse.pop(0)
            return status, {"error": {"code": code, "message": f"no: {code}"}}
        others = [alias for server in self.servers.values() if server["id"] != number for alias in _of(server)]
        if set(others) & set(wanted):
            return 409, {"error": {"code": "ip_not_available", "message": "IP is not available"}}
        for server in self.servers.values():
            if server["id"] == number:
                server["private_net"][0]["alias_ips"] = wanted
        self.changes.append((number, wanted))
        return 201, {"action": {"id": 1, "status": "running", "error": None}}


def _of(server: dict[str, Any]) -> list[str]:
    found: list[str] = server["private_net"][0]["alias_ips"]
    return found


def handler(project: Project) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def reply(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            if self.headers["Authorization"] != "Bearer " + TOKEN:
                return self.reply(401, {"error": {"code": "unauthorized", "message": "unable to authenticate"}})
            url = urlparse(self.path)
            name = parse_qs(url.query).get("name", [""])[0]
            if url.path == "/networks":
                return self.reply(200, {"networks": [{"id": 7}] if name == "acme-eu-fra" else []})
            if url.path == "/servers":
                return self.reply(200, project.page(int(parse_qs(url.query)["page"][0])))
            return self.reply(200, {"actions": [{"id": 1, "status": "success", "error": None}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = project.change(int(self.path.split("/")[2]), body["alias_ips"])
            if project.lose > 0 and status == 201:
                project.lose -= 1
                self.close_connection = True
                return None
            return self.reply(status, answer)

    return Handler


class Claims(unittest.TestCase):
    def setUp(self) -> None:
        self.project = Project()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self.project))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.time = 0.0

    def cloud(self, server: str = "fra-edge-01", token: str = TOKEN, **change: str) -> Cloud:
        way = {
            "endpoint": f"http://127.0.0.1:{self.server.server_port}",
            "network": "acme-eu-fra",
            "server": server,
            "vip": VIP,
        }
        return Cloud({**way, **change}, lambda: token, self.sleep, lambda: self.time)

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def test_an_alias_that_is_nobodys_is_taken_and_others_stay(self) -> None:
        self.project.aliases("fra-edge-01").append("10.77.10.99")
        self.cloud().claim()
        self.assertEqual(self.project.aliases("fra-edge-01"), ["10.77.10.99", VIP])
        self.assertTrue(self.cloud().held())
        self.assertFalse(self.cloud("fra-edge-02").held())

    def test_one_that_the_partner_holds_is_taken_from_it_first_and_its_others_stay(self) -> None:
        self.project.aliases("fra-edge-02").extend([VIP, "10.77.10.98"])
        self.cloud().claim()
        self.assertEqual(self.project.aliases("fra-edge-02"), ["10.77.10.98"])
        self.assertEqual(self.project.aliases("fra-edge-01"), [VIP])

    def test_what_is_held_already_is_left_alone(self) -> None:
        self.project.aliases("fra-edge-01").append(VIP)
        self.cloud().claim()
        self.assertEqual(self.project.changes, [])

    def test_refusals_that_pass_are_waited_for(self) -> None:
        self.project.refuse = [
            (423, "locked"),
            (409, "conflict"),
            (429, "rate_limit_exceeded"),
            (503, "resource_unavailable"),
        ]
        self.cloud().claim()
        self.assertEqual(self.project.aliases("fra-edge-01"), [VIP])

    def test_control_a_refusal_that_does_not_pass_ends_it_at_once(self) -> None:
        self.project.refuse = [(403, "forbidden")] * 9
        with self.assertRaises(Refused):
            self.cloud().claim()
        self.assertEqual(len(self.project.refuse), 8)

    def test_a_lost_answer_is_no_lost_claim(self) -> None:
        self.project.aliases("fra-edge-02").append(VIP)
        self.project.lose = 2
        self.cloud().claim()
        self.assertEqual(self.project.aliases("fra-edge-01"), [VIP])

    def test_it_gives_up_after_a_minute_and_says_so(self) -> None:
        self.project.refuse = [(423, "locked")] * 1000
        with self.assertRaises(Refused):
            self.cloud().claim()
        self.assertLess(self.time, 61)
        self.assertGreater(self.time, 50)

    def test_a_wrong_token_a_wrong_network_and_a_wrong_name_are_told(self) -> None:
        for cloud, code in (
            (self.cloud(token="another"), "unauthorized"),
            (self.cloud(network="acme-eu-hel"), "not_found"),
            (self.cloud(server="fra-edge-09"), "not_found"),
        ):
            with self.assertRaises(Refused) as caught:
                cloud.claim()
            self.assertEqual(caught.exception.code, code)
            self.assertNotIn("another", str(caught.exception))

    def test_a_router_without_a_partner_claims_too(self) -> None:
        del self.project.servers["fra-edge-02"]
        self.cloud().claim()
        self.assertEqual(self.project.aliases("fra-edge-01"), [VIP])


if __name__ == "__main__":
    unittest.main()
