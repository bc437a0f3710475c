"""Paths from a host: how large a packet may be on the way to an address, and who says so when it is not."""

from __future__ import annotations

import json
from typing import Any

State = dict[str, Any]
Outcome = tuple[int, str, str]

# What an address that is not listed has.
PLAIN = {"device": "eth0", "mtu": 1500, "router": "172.31.1.1", "silent": False}
AROUND = {"-4": 28, "-6": 48}


def path(state: State, address: str) -> dict[str, Any]:
    return {**PLAIN, **state["paths"].get(address, {})}


def ping(state: State, args: list[str]) -> Outcome:
    """As iputils says it: remote errors on standard output, those of our own kernel on standard error."""
    family, address = args[0], args[-1]
    size = int(args[args.index("-s") + 1]) + AROUND[family]
    if args[args.index("-M") + 1] != "do":
        return 2, "", "ping: fragmentation must be forbidden"
    found = path(state, address)
    if found.get("unreachable"):
        return 1, f"From {found['router']} icmp_seq=1 Destination Host Unreachable\n", ""
    if found["mtu"] == 0:
        return 1, "2 packets transmitted, 0 received\n", ""
    if size <= found["mtu"]:
        return 0, f"{size - 20} bytes from {address}: icmp_seq=1 ttl=63\n", ""
    if found["silent"]:
        return 1, "2 packets transmitted, 0 received\n", ""
    if found.get("told"):
        return 1, "", f"ping: local error: message too long, mtu{'=' if family == '-4' else ': '}{found['mtu']}\n"
    state["paths"].setdefault(address, {})["told"] = True
    words = "Frag needed and DF set (mtu = {})" if family == "-4" else "Packet too big: mtu={}"
    return 1, f"From {found['router']} icmp_seq=1 {words.format(found['mtu'])}\n", ""


def route_get(state: State, address: str) -> Outcome:
    found = path(state, address)
    if found["device"] is None:
        return 2, "", "RTNETLINK answers: Network is unreachable"
    route = {"dst": address, "gateway": found["router"], "dev": found["device"], "prefsrc": "203.0.113.10"}
    learnt = {"metrics": [{"mtu": found["mtu"]}]} if found.get("told") else {}
    return 0, json.dumps([{**route, **learnt}]), ""
