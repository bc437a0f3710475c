"""dial.py HOST PORT: one TCP connection from the network namespace that it runs in, to and from standard streams."""

from __future__ import annotations

import os
import socket
import sys
import threading


def outward(connection: socket.socket) -> None:
    while data := os.read(0, 65536):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def main(host: str, port: str) -> None:
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=outward, args=(connection,), daemon=True).start()
        while data := connection.recv(65536):
            os.write(1, data)


if __name__ == "__main__":
    main(*sys.argv[1:3])
