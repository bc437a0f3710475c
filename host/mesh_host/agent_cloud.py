"""The way back of a Hetzner network: its routes lead to an alias address, which the active router gives itself by API.

Convergent: the state is read, another's claim is taken away, ours is made, the state is read again. Between the two
an alias is nobody's; whoever is killed there, or loses the answer, comes back to the same first step.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any, Callable

TIMEOUT = 10.0
# For one claim: what takes longer is tried again from the start.
PATIENCE = 60.0
# Refusals that pass by themselves: another action on the server or the network, too many requests.
PASSING = {"locked", "conflict", "rate_limit_exceeded", "resource_unavailable", "timeout", "ip_not_available"}
FIRST_WAIT = 0.25
LONGEST_WAIT = 5.0


class Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Cloud:
    """One project of Hetzner Cloud, as far as one alias is concerned. Raises Refused and OSError."""

    shared = False

    def __init__(
        self,
        way: dict[str, Any],
        token: Callable[[], str],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.way = way
        self.token = token
        self.sleep = sleep
        self.clock = clock

    def held(self) -> bool:
        network, server, _ = self._places()
        return self.way["vip"] in _aliases(server, network)

    def claim(self) -> None:
        """Returns when the alias is on record as ours. What the cloud's network makes of it comes seconds later."""
        deadline = self.clock() + PATIENCE
        wait = FIRST_WAIT
        while True:
            try:
                if self._step():
                    return
            except (Refused, OSError) as error:
                if self.clock() + wait > deadline or (isinstance(error, Refused) and error.code not in PASSING):
                    raise
            if self.clock() + wait > deadline:
                raise Refused("timeout", f"the alias {self.way['vip']} did not become ours within {PATIENCE:.0f} s")
            self.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    def release(self) -> None:
        """Nothing: an alias is moved by who wants it, so that it is never nobody's for longer than a claim."""

    def announce(self) -> None:
        """Nothing: the cloud knows."""

    def heard(self) -> bool:
        return False

    def _step(self) -> bool:
        """One step towards the claim; True when there is none left to do."""
        network, server, others = self._places()
        vip = self.way["vip"]
        if vip in _aliases(server, network):
            return True
        for other in others:
            if vip in _aliases(other, network):
                self._change(other, network, [alias for alias in _aliases(other, network) if alias != vip])
        self._change(server, network, [*_aliases(server, network), vip])
        return False

    def _change(self, server: dict[str, Any], network: int, aliases: list[str]) -> None:
        path = f"/servers/{server['id']}/actions/change_alias_ips"
        action = self._ask("POST", path, {"network": network, "alias_ips": aliases})["action"]
        deadline = self.clock() + PATIENCE
        while action["status"] == "running":
            if self.clock() > deadline:
                raise Refused("timeout", "the cloud does not end its action")
            self.sleep(FIRST_WAIT)
            found = self._ask("GET", f"/actions?id={action['id']}")["actions"]
            action = found[0] if found else {"status": "success"}
        if action["status"] == "error":
            error = action.get("error") or {}
            raise Refused(str(error.get("code", "error")), str(error.get("message", "the cloud's action failed")))

    def _places(self) -> tuple[int, dict[str, Any], list[dict[str, Any]]]:
        """Network, this server, all others: by name, for ids change when they are replaced, and a release does not."""
        networks = self._ask("GET", "/networks?name=" + self.way["network"])["networks"]
        if not networks:
            raise Refused("not_found", f"there is no network {self.way['network']} in this project")
        servers = self._servers()
        mine = [server for server in servers if server["name"] == self.way["server"]]
        if not mine:
            raise Refused("not_found", f"there is no server {self.way['server']} in this project")
        return int(networks[0]["id"]), mine[0], [server for server in servers if server is not mine[0]]

    def _servers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page: int | None = 1
        while page is not None:
            answer = self._ask("GET", f"/servers?per_page=50&page={page}")
            found += answer["servers"]
            page = ((answer.get("meta") or {}).get("pagination") or {}).get("next_page")
        return found

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            self.way["endpoint"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + self.token(), "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                found: dict[str, Any] = json.loads(answer.read() or b"{}")
                return found
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error
        except ValueError as error:
            raise Refused("malformed", "the cloud's answer is no JSON") from error


def _refusal(error: urllib.error.HTTPError) -> Refused:
    try:
        said = json.loads(error.read()).get("error") or {}
        return Refused(str(said.get("code", error.code)), str(said.get("message", error.reason)))
    except (ValueError, AttributeError):
        # A gateway before the service, not the service.
        return Refused("timeout" if error.code >= 500 else str(error.code), str(error.reason))


def _aliases(server: dict[str, Any], network: int) -> list[str]:
    nets = server.get("private_net") or []
    return [str(alias) for net in nets if net.get("network") == network for alias in net.get("alias_ips") or []]
