"""The way into the lab's internet and out of it: relays TCP between two network namespaces.

usage: gate.py NETNS FOLDER TIMEOUT (as root; NETNS: path of the internet's namespace; TIMEOUT in ms)

In:  whoever connects to FOLDER/gate.sock and writes `ADDRESS PORT` and a newline is connected there, from 198.18.0.1.
     The answer is a line, `ok` or an error's name (ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, …), then the connection.
Out: each line on standard input is, as JSON, the whole list of what is offered in that namespace:
     [{"address": "198.18.0.2", "port": 80, "loopbackPort": 41234}]
     and leads to 127.0.0.1 of the namespace that this process was started in. Answered `ok`, or what is wrong.
Ends with its standard input.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import resource
import select
import socket
import sys
from collections.abc import Iterator

from relay import Handler, Loop, relay, reset_on_close

JUMP = "198.18.0.1"
CLONE_NEWNET = 0x40000000
IP_BIND_ADDRESS_NO_PORT = 24
IP_FREEBIND = 15
# A request is an address and a port.
LONGEST_REQUEST = 64


def accepted(listener: socket.socket) -> Iterator[socket.socket]:
    """Who waits at a listener; none when this process has no descriptors left: they wait on."""
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        sock.setblocking(False)
        yield sock


class Namespaces:
    """A socket belongs to the namespace in which it was made, wherever its process goes afterwards."""

    def __init__(self, internet: str) -> None:
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.there = os.open(internet, os.O_RDONLY | os.O_CLOEXEC)

    def enter(self, namespace: int) -> None:
        if self.libc.setns(namespace, CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    def tcp(self, there: bool) -> socket.socket:
        if not there:
            return nonblocking(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        self.enter(self.there)
        try:
            return nonblocking(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        finally:
            self.enter(self.here)


def nonblocking(sock: socket.socket) -> socket.socket:
    sock.setblocking(False)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Attempt:
    """A connection that is being opened. `done` gets 0 or an errno, once; the socket is its to close."""

    def __init__(self, loop: Loop, sock: socket.socket, to: tuple[str, int], seconds: float, done: Handler) -> None:
        self.loop = loop
        self.sock = sock
        self.done = done
        self.over = False
        try:
            code = sock.connect_ex(to)
        except OSError as error:
            code = error.errno or errno.EINVAL
        if code in (0, errno.EINPROGRESS):
            loop.watch(
                sock.fileno(),
                select.EPOLLOUT,
                lambda _mask: self.end(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)),
            )
            loop.after(seconds, lambda: self.end(errno.ETIMEDOUT))
        else:
            self.end(code)

    def end(self, code: int) -> None:
        if not self.over:
            self.over = True
            self.loop.forget(self.sock.fileno())
            self.done(code)


class Gate:
    def __init__(self, internet: str, folder: str, seconds: float) -> None:
        self.loop = Loop()
        self.namespaces = Namespaces(internet)
        self.seconds = seconds
        self.offers: dict[tuple[str, int, int], socket.socket] = {}
        self.control = b""
        # By a name without its folder: paths of sockets may have 107 bytes.
        os.chdir(folder)
        with contextlib.suppress(FileNotFoundError):
            os.unlink("gate.sock")
        self.way_in = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.way_in.setblocking(False)
        os.umask(0o177)
        self.way_in.bind("gate.sock")
        self.way_in.listen(4096)
        self.loop.watch(self.way_in.fileno(), select.EPOLLIN, lambda _mask: self.enquire())
        self.loop.watch(0, select.EPOLLIN, lambda _mask: self.command())

    def enquire(self) -> None:
        for sock in accepted(self.way_in):
            Enquiry(self, sock)

    def command(self) -> None:
        data = os.read(0, 1 << 20)
        if not data:
            raise SystemExit(0)
        *lines, self.control = (self.control + data).split(b"\n")
        for line in lines:
            try:
                self.offer({(one["address"], one["port"], one["loopbackPort"]) for one in json.loads(line)})
                answer = "ok"
            except OSError as error:
                answer = str(error)
            os.write(1, f"{answer}\n".encode())

    def offer(self, wanted: set[tuple[str, int, int]]) -> None:
        for key in self.offers.keys() - wanted:
            listener = self.offers.pop(key)
            self.loop.forget(listener.fileno())
            listener.close()
        for key in wanted - self.offers.keys():
            address, port, loopback = key
            listener = self.namespaces.tcp(there=True)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
            try:
                listener.bind((address, port))
            except OSError as error:
                listener.close()
                raise OSError(error.errno, f"{address}:{port} in the lab's internet: {error.strerror}") from error
            listener.listen(4096)
            self.offers[key] = listener
            self.loop.watch(listener.fileno(), select.EPOLLIN, self.opener(listener, loopback))

    def opener(self, listener: socket.socket, loopback: int) -> Handler:
        def ready(_mask: int) -> None:
            for sock in accepted(listener):
                self.lead(sock, loopback)

        return ready

    def lead(self, sock: socket.socket, loopback: int) -> None:
        """Connects somebody in the lab's internet with what the lab offers."""
        try:
            target = self.namespaces.tcp(there=False)
        except OSError:
            reset_on_close(sock)
            sock.close()
            return

        def done(code: int) -> None:
            if code == 0:
                relay(self.loop, nonblocking(sock), target)
                return
            reset_on_close(sock)
            sock.close()
            target.close()

        Attempt(self.loop, target, ("127.0.0.1", loopback), self.seconds, done)


class Enquiry:
    """Somebody who wants into the lab's internet and has not said whereto, or is not there yet."""

    def __init__(self, gate: Gate, sock: socket.socket) -> None:
        self.gate = gate
        self.sock = sock
        self.text = b""
        gate.loop.watch(sock.fileno(), select.EPOLLIN, self.ready)

    def ready(self, _mask: int) -> None:
        try:
            data = self.sock.recv(LONGEST_REQUEST)
        except OSError:
            data = b""
        self.text += data
        if not data or (b"\n" not in self.text and len(self.text) > LONGEST_REQUEST):
            self.gate.loop.forget(self.sock.fileno())
            self.sock.close()
        elif b"\n" in self.text:
            self.gate.loop.forget(self.sock.fileno())
            self.dial()

    def dial(self) -> None:
        line, _, early = self.text.partition(b"\n")
        try:
            address, port = line.decode().split(" ")
            to = address, int(port)
            target = self.gate.namespaces.tcp(there=True)
        except (ValueError, OSError):
            self.answer("EINVAL")
            self.sock.close()
            return

        def done(code: int) -> None:
            self.answer("ok" if code == 0 else errno.errorcode.get(code, "EHOSTUNREACH"))
            if code == 0:
                relay(self.gate.loop, self.sock, target, early)
            else:
                self.sock.close()
                target.close()

        try:
            target.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            target.bind((JUMP, 0))
        except OSError as error:
            done(error.errno or errno.EINVAL)
        else:
            Attempt(self.gate.loop, target, to, self.gate.seconds, done)

    def answer(self, word: str) -> None:
        with contextlib.suppress(OSError):
            self.sock.send(f"{word}\n".encode())


def many_descriptors() -> None:
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (65_536, 65_536))


if __name__ == "__main__":
    many_descriptors()
    Gate(sys.argv[1], sys.argv[2], float(sys.argv[3]) / 1000).loop.run()
