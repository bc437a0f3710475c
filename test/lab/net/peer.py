"""The two ends of small conversations between machines.

serve tcp|udp PORT             echoes; says `ready`, then for each connection or datagram whom it is from
ask tcp|udp ADDRESS PORT WAIT [SOURCE [SOURCE_PORT [BYTES]]]
                               exit 0: the echo came, 1: it did not; WAIT in seconds
send ADDRESS PORT SECONDS      says how many Mbit/s came out at the other end, which `drain PORT` reads
drain PORT
announce INTERFACE ADDRESS     gratuitous ARP
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
import time

TYPES = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def say(text: str) -> None:
    print(text, flush=True)


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(kind: str, port: int) -> None:
    sock = socket.socket(socket.AF_INET, TYPES[kind])
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("", port))
    if kind == "udp":
        say("ready")
        while True:
            data, sender = sock.recvfrom(65536)
            say(sender[0])
            sock.sendto(data, sender)
    sock.listen()
    say("ready")
    while True:
        connection, sender = sock.accept()
        say(sender[0])
        threading.Thread(target=echo, args=(connection,), daemon=True).start()


def echo(connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        while data := connection.recv(65536):
            connection.sendall(data)


def ask(kind: str, address: str, port: int, wait: float, source: str, source_port: int, size: int) -> bool:
    with socket.socket(family(address), TYPES[kind]) as sock:
        sock.settimeout(wait)
        if source or source_port:
            sock.bind((source, source_port))
        left = size
        try:
            sock.connect((address, port))
            sock.sendall(b"x" * size)
            while left > 0:
                data = sock.recv(65536)
                if not data:
                    return False
                left -= len(data)
        except OSError:
            return False
        return True


def send(address: str, port: int, seconds: float) -> None:
    with socket.create_connection((address, port), 5) as sock:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            sock.sendall(b"x" * 65536)
        sock.shutdown(socket.SHUT_WR)
        say(sock.recv(64).decode())


def drain(port: int) -> None:
    with socket.create_server(("", port)) as server:
        say("ready")
        connection, _ = server.accept()
        with connection:
            start = time.monotonic()
            total = 0
            while data := connection.recv(1 << 20):
                total += len(data)
            connection.sendall(f"{total * 8 / (time.monotonic() - start) / 1e6:.0f}".encode())


def announce(interface: str, address: str) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((interface, 0x0806))
        mac = sock.getsockname()[4]
        ip = socket.inet_aton(address)
        arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + ip + bytes(6) + ip
        sock.send(b"\xff" * 6 + mac + b"\x08\x06" + arp)


def main(command: str, *args: str) -> int:
    if command == "serve":
        serve(args[0], int(args[1]))
    elif command == "drain":
        drain(int(args[0]))
    elif command == "announce":
        announce(args[0], args[1])
    elif command == "send":
        send(args[0], int(args[1]), float(args[2]))
    else:
        kind, address, port, wait, *rest = args
        source, source_port, size = [*rest, *["", "0", "10"][len(rest) :]]
        return 0 if ask(kind, address, int(port), float(wait), source, int(source_port), int(size)) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
