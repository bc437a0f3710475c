"""`path mtu ADDRESS`: the largest packet that gets from here to there unfragmented, and what becomes of larger ones."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Union

from mesh_host.errors import CommandFailed, Usage
from mesh_host.system import System

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

# The whole search; one probe takes 1.4 s at most when nothing comes back.
SEARCH_SECONDS = 20.0
# Every IPv4 host takes 576 bytes, every IPv6 link 1280.
SMALLEST = {4: 576, 6: 1280}
# IP header and ICMP header.
AROUND = {4: 28, 6: 48}
# IP header and TCP header.
TCP = {4: 40, 6: 60}
# "From 10.0.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1280)", "… Packet too big: mtu=1280"; our own kernel, which
# remembers what it was told, says "local error: message too long, mtu=1280", and for IPv6 "mtu: 1280".
TOLD = re.compile(r"(?:^From (?P<router>\S+) .*)?mtu ?[=:] ?(?P<mtu>\d+)", re.M)
REFUSED = re.compile(r"^From (?P<router>\S+) .*(?:nreachable|prohibited|filtered|exceeded)", re.M)
CLAMP = ["nft", "list", "chain", "inet", "mesh_site", "mss"]
TUNNEL = "tailscale0"


@dataclass(frozen=True)
class Route:
    """`mtu` is the device's; `learnt` what the route says, or what the kernel was told about the path."""

    device: str
    mtu: int
    learnt: int | None
    gateway: str | None
    source: str | None


@dataclass(frozen=True)
class Probe:
    """`size` is the whole IP packet. result: passed, told (too large, says an ICMP error), refused or silence."""

    size: int
    result: str
    mtu: int | None = None
    router: str | None = None

    def document(self) -> dict[str, object]:
        return {"size": self.size, "result": self.result, "mtu": self.mtu, "from": self.router}


def mtu(system: System, word: str) -> dict[str, object]:
    address = _address(word)
    route = _route(system, address)
    tried: list[Probe] = []
    complete = _search(system, address, route.mtu, tried)
    passed = [probe.size for probe in tried if probe.result == "passed"]
    largest = max(passed) if passed else None
    # What becomes of the first packet that is too large. Lost in silence it is what makes transfers hang.
    beyond = min((probe for probe in tried if probe.size > (largest or 0)), key=lambda probe: probe.size, default=None)
    clamped = system.run(CLAMP).code == 0
    mss = (route.learnt or route.mtu) - TCP[address.version]
    return {
        "address": str(address),
        "route": {
            "device": route.device,
            "mtu": route.mtu,
            "learnt": route.learnt,
            "gateway": route.gateway,
            "source": route.source,
        },
        "largest": largest,
        "complete": complete,
        "told": beyond is not None and beyond.result == "told",
        "blackHole": largest is not None and beyond is not None and beyond.result == "silence",
        "tried": [probe.document() for probe in tried],
        "mss": mss,
        "clamp": {"loaded": clamped, "mss": mss if clamped and route.device == TUNNEL else None},
    }


def _address(word: str) -> Address:
    try:
        address = ipaddress.ip_address(word)
    except ValueError as error:
        raise Usage("ADDRESS must be an IPv4 or IPv6 address") from error
    if address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local:
        raise Usage("ADDRESS must be the address of another host")
    return address


def _route(system: System, address: Address) -> Route:
    family = f"-{address.version}"
    result = system.run(["ip", "-j", family, "route", "get", str(address)])
    try:
        found = json.loads(result.out)[0]
        device = str(found["dev"])
        learnt = (found.get("metrics") or [{}])[0].get("mtu")
        size = int(system.text(f"/sys/class/net/{device}/mtu") or "")
        return Route(device, size, learnt, found.get("gateway"), found.get("prefsrc"))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        message = f"this host has no route to {address}"
        raise CommandFailed(message, f"ip {family} route get {address}", result.err.strip()) from error


def _search(system: System, address: Address, device_mtu: int, tried: list[Probe]) -> bool:
    """Fills `tried` with sizes up to the device's; answers whether the largest that passes is known for sure."""
    deadline = system.monotonic() + SEARCH_SECONDS
    low, high = min(SMALLEST[address.version], device_mtu), device_mtu + 1

    def passes(size: int) -> bool:
        tried.append(_probe(system, address, size))
        return tried[-1].result == "passed"

    if not passes(low):
        return True
    wanted = device_mtu
    while high - low > 1:
        if system.monotonic() >= deadline:
            return False
        if passes(wanted):
            low = wanted
        else:
            high = wanted
        # What an error told is tried next, then the size above it; without a hint the middle.
        hints = [probe.mtu for probe in tried if probe.mtu is not None and low <= probe.mtu < high]
        wanted = (hints[-1] if hints[-1] > low else low + 1) if hints else (low + high) // 2
    return True


def _probe(system: System, address: Address, size: int) -> Probe:
    """Two echo requests, so that one lost packet is no verdict. Raises CommandFailed where ping is another one."""
    flags = ["-n", "-c", "2", "-i", "0.2", "-W", "1", "-M", "do", "-s", str(size - AROUND[address.version])]
    result = system.run(["ping", f"-{address.version}", *flags, str(address)], timeout=10)
    if result.code == 0:
        return Probe(size, "passed")
    said = result.out + "\n" + result.err
    if result.code == 127 or "invalid option" in said or "unrecognized option" in said:
        message = "this host has no ping that can forbid fragmentation; install package iputils-ping"
        raise CommandFailed(message, "ping -M do", result.err.strip())
    told, refused = TOLD.search(said), REFUSED.search(said)
    if told:
        return Probe(size, "told", int(told["mtu"]), told["router"])
    if refused:
        return Probe(size, "refused", None, refused["router"])
    return Probe(size, "silence")
