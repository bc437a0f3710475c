"""Delay, loss and worse between sites.

usage: box.py DEVICE (in the namespace of the lab's internet, as root)

Makes a TUN device. Every IPv4 packet that is routed into it comes out of it again: later, or never, as the settings of
the two sites say that its addresses belong to. Each line on standard input is the whole of the settings, as JSON:
    {"sites": {"203.0.113.5": "eu-fra"},
     "links": [{"between": ["eu-fra", "ap-sin"], "delay": 40, "jitter": 5, "loss": 0.01,
                "blockUdp": false, "down": false, "noIcmpErrors": false, "mtu": 1472}]}
(delay and jitter in ms, mtu optional) and is answered `ok`. Packets under way stay under way. Ends with its standard
input.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import heapq
import ipaddress
import json
import os
import random
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000

ICMP = 1
UDP = 17
ICMP_ERRORS = (3, 4, 5, 11, 12)
DONT_FRAGMENT = 0x4000
MORE_FRAGMENTS = 0x2000
OFFSET = 0x1FFF

# Who reports that a packet is too large: nobody's address (RFC 7600), as that of routers on the way often is.
REPORTER = socket.inet_aton("192.0.0.8")
# What waits at most; more is lost, as in a router's full queue.
QUEUE = 200_000
# Packets read before those that are due are looked at.
BATCH = 64


@dataclass
class Direction:
    """From one site to another. Times in seconds."""

    delay: float
    jitter: float
    loss: float
    block_udp: bool
    down: bool
    no_icmp_errors: bool
    mtu: int | None
    last: float = 0.0


class Box:
    def __init__(self, device: str) -> None:
        self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.tun, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
        self.due: list[tuple[float, int, bytes]] = []
        self.count = 0
        self.sites: dict[bytes, str] = {}
        self.links: dict[tuple[str, str], Direction] = {}
        # Source and destination as they stand in a header → what applies; filled as packets come.
        self.known: dict[bytes, Direction | None] = {}

    def configure(self, line: bytes) -> None:
        settings = json.loads(line)
        self.sites = {ipaddress.IPv4Address(address).packed: site for address, site in settings["sites"].items()}
        self.links = {}
        for link in settings["links"]:
            one, other = link["between"]
            for pair in ((one, other), (other, one)):
                self.links[pair] = Direction(
                    delay=link["delay"] / 1000,
                    jitter=link["jitter"] / 1000,
                    loss=link["loss"],
                    block_udp=link["blockUdp"],
                    down=link["down"],
                    no_icmp_errors=link["noIcmpErrors"],
                    mtu=link.get("mtu"),
                )
        self.known = {}

    def run(self) -> None:
        control = b""
        while True:
            self.flush()
            timeout = max(0.0, self.due[0][0] - time.monotonic()) if self.due else None
            # select counts in microseconds; poll and epoll would add up to a millisecond to each packet.
            ready, _, _ = select.select([self.tun, 0], [], [], timeout)
            if self.tun in ready:
                self.read()
            if 0 in ready:
                data = os.read(0, 1 << 20)
                if not data:
                    return
                *lines, control = (control + data).split(b"\n")
                for line in lines:
                    self.configure(line)
                    os.write(1, b"ok\n")

    def read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(BATCH):
                packet = os.read(self.tun, 65536)
                if packet[0] >> 4 == 4:
                    self.take(packet)

    def flush(self) -> None:
        now = time.monotonic()
        due = self.due
        while due and due[0][0] <= now:
            _, _, packet = heapq.heappop(due)
            # A full or vanished device: lost, as on any way.
            with contextlib.suppress(OSError):
                os.write(self.tun, packet)

    def direction(self, ends: bytes) -> Direction | None:
        """`ends`: source and destination address."""
        if ends not in self.known:
            sites = self.sites.get(ends[:4], ""), self.sites.get(ends[4:], "")
            self.known[ends] = self.links.get(sites)
        return self.known[ends]

    def take(self, packet: bytes) -> None:
        link = self.direction(packet[12:20])
        if link is None:
            self.later(0.0, packet)
            return
        if link.down or (link.block_udp and packet[9] == UDP):
            return
        if link.no_icmp_errors and is_icmp_error(packet):
            return
        if link.loss and random.random() < link.loss:
            return
        delay = link.delay
        if link.jitter:
            delay += random.uniform(-link.jitter, link.jitter)
        # In order: on real ways jitter is that of queues, which nobody overtakes in.
        due = max(time.monotonic() + delay, link.last)
        if link.mtu is None or len(packet) <= link.mtu:
            link.last = due
            self.later(due, packet)
        elif flags(packet) & DONT_FRAGMENT == 0:
            link.last = due
            for part in fragments(packet, link.mtu):
                self.later(due, part)
        elif not link.no_icmp_errors and not is_icmp_error(packet):
            # From the middle of the way: half of it there, half of it back.
            self.later(due, too_large(packet, link.mtu))

    def later(self, due: float, packet: bytes) -> None:
        if len(self.due) < QUEUE:
            self.count += 1
            heapq.heappush(self.due, (due, self.count, packet))


def flags(packet: bytes) -> int:
    """Flags and fragment offset."""
    return packet[6] << 8 | packet[7]


def is_icmp_error(packet: bytes) -> bool:
    header = (packet[0] & 15) * 4
    return packet[9] == ICMP and flags(packet) & OFFSET == 0 and len(packet) > header and packet[header] in ICMP_ERRORS


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def with_checksum(header: bytes, at: int) -> bytes:
    """The header with its checksum, which is counted as zero, at that offset."""
    bare = header[:at] + b"\0\0" + header[at + 2 :]
    return bare[:at] + struct.pack("!H", checksum(bare)) + bare[at + 2 :]


def too_large(packet: bytes, mtu: int) -> bytes:
    """The ICMP error "fragmentation needed" for a packet, with as much of it as such errors may quote (RFC 1812)."""
    quoted = packet[: 576 - 28]
    icmp = with_checksum(struct.pack("!BBHHH", 3, 4, 0, 0, mtu) + quoted, 2)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0xC0, 20 + len(icmp), 0, 0, 64, ICMP, 0, REPORTER, packet[12:16])
    return with_checksum(header, 10) + icmp


def fragments(packet: bytes, mtu: int) -> list[bytes]:
    """The packet in pieces of at most `mtu` bytes, each a multiple of eight bytes but the last."""
    size = (packet[0] & 15) * 4
    header, body = packet[:size], packet[size:]
    step = (mtu - size) // 8 * 8
    parts = []
    for start in range(0, len(body), step):
        piece = body[start : start + step]
        more = MORE_FRAGMENTS if start + step < len(body) else flags(packet) & MORE_FRAGMENTS
        place = (flags(packet) & OFFSET) + start // 8
        head = header[:2] + struct.pack("!H", size + len(piece)) + header[4:6] + struct.pack("!H", more | place)
        parts.append(with_checksum(head + header[8:], 10) + piece)
    return parts


def hurry() -> None:
    """Packets are due to the tenth of a millisecond, whatever else runs here."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    # Nothing here refers to itself in a circle; the collector would only pause the traffic.
    gc.disable()


if __name__ == "__main__":
    hurry()
    Box(sys.argv[1]).run()
