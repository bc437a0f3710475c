"""Relays between sockets, on one thread: a loop over what is ready, and connections whose sides end one by one."""

from __future__ import annotations

import contextlib
import heapq
import select
import socket
import struct
import time
from typing import Callable

Handler = Callable[[int], None]
# What may wait for the slower side of a connection, bytes.
WAITING = 1 << 18


class Loop:
    """Calls handlers of sockets that are ready, and of times that have come."""

    def __init__(self) -> None:
        self.poll = select.epoll()
        self.handlers: dict[int, Handler] = {}
        # Descriptors forgotten since events were fetched: an event may be of the former bearer of a number.
        self.stale: set[int] = set()
        self.timers: list[tuple[float, int, Callable[[], None]]] = []
        self.count = 0

    def watch(self, fd: int, mask: int, handler: Handler) -> None:
        if fd in self.handlers:
            self.poll.modify(fd, mask)
        else:
            self.poll.register(fd, mask)
        self.handlers[fd] = handler

    def forget(self, fd: int) -> None:
        if self.handlers.pop(fd, None) is not None:
            self.poll.unregister(fd)
            self.stale.add(fd)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.timers, (time.monotonic() + seconds, self.count, call))

    def run(self) -> None:
        while True:
            wait = max(0.0, self.timers[0][0] - time.monotonic()) if self.timers else -1
            events = self.poll.poll(wait)
            self.stale.clear()
            for fd, mask in events:
                handler = self.handlers.get(fd)
                if handler is not None and fd not in self.stale:
                    handler(mask)
            while self.timers and self.timers[0][0] <= time.monotonic():
                heapq.heappop(self.timers)[2]()


class End:
    """One side of a relayed connection."""

    def __init__(self, loop: Loop, sock: socket.socket) -> None:
        self.loop = loop
        self.sock = sock
        self.other: End = self
        # To be written here, from the other side.
        self.waiting = bytearray()
        # Nothing more comes from here.
        self.read_all = False
        # The other side has said all, and so have we here.
        self.last = False
        self.said_all = False
        self.open = True

    def ready(self, mask: int) -> None:
        try:
            if mask & select.EPOLLIN:
                self.read()
            if mask & (select.EPOLLERR | select.EPOLLHUP) and not mask & select.EPOLLIN:
                self.gone()
                return
            if mask & select.EPOLLOUT:
                self.write()
        except OSError:
            self.abort()
            return
        self.settle()

    def read(self) -> None:
        data = self.sock.recv(1 << 16)
        if not data:
            self.read_all = True
            self.other.last = True
        self.other.waiting += data
        self.other.write_or_abort()

    def write(self) -> None:
        while self.waiting:
            try:
                sent = self.sock.send(self.waiting)
            except BlockingIOError:
                return
            del self.waiting[:sent]
        if self.last and not self.said_all:
            self.said_all = True
            self.sock.shutdown(socket.SHUT_WR)

    def write_or_abort(self) -> None:
        try:
            if self.open:
                self.write()
        except OSError:
            self.abort()

    def settle(self) -> None:
        """Closes what is over; otherwise waits for what can come next."""
        for end in (self, self.other):
            if not end.open:
                continue
            if end.read_all and end.said_all and not end.other.waiting:
                end.close()
                continue
            reading = not end.read_all and len(end.other.waiting) < WAITING
            mask = (select.EPOLLIN if reading else 0) | (select.EPOLLOUT if end.waiting else 0)
            end.loop.watch(end.sock.fileno(), mask, end.ready)

    def gone(self) -> None:
        """This side is closed in both directions; the other one gets the rest of what it said."""
        if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.abort()
            return
        with contextlib.suppress(OSError):
            while rest := self.sock.recv(1 << 16):
                self.other.waiting += rest
        self.close()
        self.waiting.clear()
        self.read_all = self.said_all = True
        self.other.last = True
        self.other.read_all = True
        self.other.write_or_abort()
        self.settle()

    def abort(self) -> None:
        for end in (self, self.other):
            if end.open:
                reset_on_close(end.sock)
                end.close()

    def close(self) -> None:
        if self.open:
            self.open = False
            self.loop.forget(self.sock.fileno())
            self.sock.close()


def reset_on_close(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def relay(loop: Loop, one: socket.socket, other: socket.socket, early: bytes = b"") -> None:
    """`early`: what `one` has said already."""
    ends = End(loop, one), End(loop, other)
    ends[0].other, ends[1].other = ends[1], ends[0]
    ends[1].waiting += early
    ends[0].settle()
