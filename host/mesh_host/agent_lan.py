"""The way back of a LAN with a switch: the address is on the network card, and neighbours are told whose it is now."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import struct
import subprocess

ETH_ARP = 0x0806
ETH_IPV6 = 0x86DD
EVERYBODY = b"\xff" * 6
ALL_NODES = ipaddress.IPv6Address("ff02::1").packed
ALL_NODES_MAC = b"\x33\x33\x00\x00\x00\x01"
ICMPV6 = 58
NEIGHBOUR_ADVERTISEMENT = 136
# Override, of RFC 4861: what neighbours knew before is no longer so.
OVERRIDE = 0x20000000
TARGET_LINK_LAYER = 2
COMMAND_TIMEOUT = 5


def gratuitous_arp(mac: bytes, address: bytes) -> list[bytes]:
    """As request and as reply: hosts differ in which of the two they believe."""
    frame = EVERYBODY + mac + struct.pack("!H", ETH_ARP)
    return [
        frame + struct.pack("!HHBBH", 1, 0x0800, 6, 4, kind) + mac + address + target + address
        for kind, target in ((1, b"\0" * 6), (2, EVERYBODY))
    ]


def neighbour_advertisement(mac: bytes, address: bytes) -> bytes:
    body = struct.pack("!BBHI", NEIGHBOUR_ADVERTISEMENT, 0, 0, OVERRIDE) + address
    body += struct.pack("!BB", TARGET_LINK_LAYER, 1) + mac
    pseudo = address + ALL_NODES + struct.pack("!I3xB", len(body), ICMPV6)
    body = body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]
    header = struct.pack("!IHBB", 6 << 28, len(body), ICMPV6, 255) + address + ALL_NODES
    return ALL_NODES_MAC + mac + struct.pack("!H", ETH_IPV6) + header + body


def checksum(data: bytes) -> int:
    """RFC 1071."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def claims(frame: bytes, mac: bytes, address: bytes) -> bool:
    """An ARP packet in which another machine says that the address is its own."""
    if len(frame) < 42 or frame[12:14] != struct.pack("!H", ETH_ARP):
        return False
    return frame[28:32] == address and frame[22:28] != mac


class Lan:
    """One network card and the addresses that wander between the routers. Raises OSError or CalledProcessError."""

    shared = True

    def __init__(self, interface: str, vip: str, vip6: str | None) -> None:
        self.interface = interface
        self.addresses = [vip + "/32"] + ([vip6 + "/128"] if vip6 else [])
        self.vip = ipaddress.IPv4Address(vip).packed
        self.vip6 = ipaddress.IPv6Address(vip6).packed if vip6 else None
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_ARP))
        self.socket.bind((interface, ETH_ARP))
        self.socket.setblocking(False)
        self.mac: bytes = self.socket.getsockname()[4]

    def held(self) -> bool:
        out = _ip("-j", "addr", "show", "dev", self.interface)
        found = {entry.get("local") for link in json.loads(out or "[]") for entry in link.get("addr_info", [])}
        return all(address.partition("/")[0] in found for address in self.addresses)

    def heard(self) -> bool:
        """Whether somebody else claimed the address since this was last asked."""
        found = False
        with contextlib.suppress(BlockingIOError):
            while True:
                found = claims(self.socket.recv(256), self.mac, self.vip) or found
        return found

    def claim(self) -> None:
        for address in self.addresses:
            # Without duplicate address detection: the other router may hold it until it hears of us.
            quiet = ["nodad"] if ":" in address else []
            _ip("addr", "replace", address, "dev", self.interface, *quiet)
        self.announce()

    def release(self) -> None:
        for address in self.addresses:
            subprocess.run(
                ["ip", "addr", "del", address, "dev", self.interface],
                capture_output=True,
                timeout=COMMAND_TIMEOUT,
                check=False,
            )

    def announce(self) -> None:
        frames = gratuitous_arp(self.mac, self.vip)
        if self.vip6 is not None:
            frames.append(neighbour_advertisement(self.mac, self.vip6))
        for frame in frames:
            self.socket.send(frame)


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, timeout=COMMAND_TIMEOUT, check=True)
    return done.stdout.decode()
