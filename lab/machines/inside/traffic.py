"""Traffic between machines of the lab, and what its two ends saw of it: at the end one JSON line on standard output.

serve PORT [PORT …]            answers clients on all addresses until standard input ends
fetch ADDRESS PORT BYTES SIDE  SIDE `down`: the server sends, `up`: the client does
probe ADDRESS PORT SECONDS [PATIENCE]
                               a new connection every 50 ms: when it worked, the gaps between; a line at each change.
                               With PATIENCE it ends a second after the first gap, or when none has begun by then
stream ADDRESS PORT SECONDS    one connection, a line every 20 ms and its echo: the longest silence

SECONDS 0: until standard input ends.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time

Seen = dict[str, object]
CHUNK = 65536
# linux/tcp.h, struct tcp_info: eight bytes, then rto, ato, snd_mss, rcv_mss.
MSS = struct.Struct("=8xIIII")
CONNECT_TIMEOUT = 3.0
STALLED = 4.0
# Of a probe: between two attempts, and for an answer.
EVERY = 0.05
ANSWER = 0.5


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def send_mss(connection: socket.socket) -> int:
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return int(MSS.unpack_from(info)[2])


def peer(connection: socket.socket) -> str:
    return str(connection.getpeername()[0]).replace("::ffff:", "")


def receive(connection: socket.socket, wanted: int) -> int:
    got = 0
    while got < wanted:
        data = connection.recv(min(CHUNK, wanted - got))
        if not data:
            break
        got += len(data)
    return got


def serve_client(connection: socket.socket) -> None:
    """First line: `down N`, `up N` or `echo`; the answer to it says who the client is and what segments go to it."""
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            file = connection.makefile("rb", buffering=0)
            side, _, count = file.readline().decode().strip().partition(" ")
            hello = json.dumps({"peer": peer(connection), "mss": send_mss(connection)}) + "\n"
            connection.sendall(hello.encode())
            if side == "down":
                connection.sendall(bytes(int(count)))
            elif side == "up":
                connection.sendall(f"{receive(connection, int(count))}\n".encode())
            else:
                while line := file.readline():
                    connection.sendall(line)
        except OSError:
            return


def serve(ports: list[int]) -> None:
    for port in ports:
        listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
    say({"serving": ports})
    sys.stdin.read()


def accept(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_client, args=(connection,), daemon=True).start()


def connect(address: str, port: int, timeout: float) -> socket.socket:
    connection = socket.socket(family(address), socket.SOCK_STREAM)
    connection.settimeout(timeout)
    try:
        connection.connect((address, port))
    except OSError:
        connection.close()
        raise
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def fetch(address: str, port: int, count: int, side: str) -> Seen:
    began = time.monotonic()
    seen: Seen = {"ok": False, "bytes": 0}
    try:
        with connect(address, port, CONNECT_TIMEOUT) as connection:
            connection.settimeout(STALLED)
            seen["connected"] = True
            file = connection.makefile("rb", buffering=0)
            connection.sendall(f"{side} {count}\n".encode())
            hello: Seen = json.loads(file.readline())
            seen.update(peer=hello["peer"], server_mss=hello["mss"], client_mss=send_mss(connection))
            if side == "down":
                seen["bytes"] = receive(connection, count)
            else:
                connection.sendall(bytes(count))
                seen["bytes"] = int(file.readline())
            seen["ok"] = seen["bytes"] == count
    except (OSError, ValueError) as error:
        seen["error"] = str(error) or type(error).__name__
    seen["seconds"] = round(time.monotonic() - began, 3)
    return seen


def ending(seconds: float) -> threading.Event:
    """Set when it is time to stop."""
    over = threading.Event()

    def wait() -> None:
        if seconds:
            time.sleep(seconds)
        else:
            sys.stdin.read()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    return over


def attempt(address: str, port: int, began: float, done: list[tuple[float, bool]]) -> None:
    """Adds when it began, and whether an answer came."""
    at = time.monotonic() - began
    try:
        with connect(address, port, ANSWER) as connection:
            connection.settimeout(ANSWER)
            connection.sendall(b"up 0\n")
            done.append((at, connection.recv(1) != b""))
    except OSError:
        done.append((at, False))


def gaps(done: list[tuple[float, bool]]) -> tuple[list[tuple[float, float]], bool, float]:
    """From the last attempt that worked to the next one that did; whether the last failed; when the last one worked."""
    found: list[tuple[float, float]] = []
    last, lost = 0.0, False
    for at, worked in sorted(done):
        if worked and lost:
            found.append((round(last, 3), round(at, 3)))
        last, lost = (at, False) if worked else (last, True)
    return found, lost, last


def probe(address: str, port: int, seconds: float, patience: float) -> Seen:
    """`outages`: pairs of the last success before and the first after, seconds since the start.

    No attempt waits for another: one that is under way when the way is back would hide that."""
    began = time.monotonic()
    done: list[tuple[float, bool]] = []
    outages: list[tuple[float, float]] = []
    said = lost = False
    over = ending(seconds)
    while not over.is_set():
        now = time.monotonic() - began
        threading.Thread(target=attempt, args=(address, port, began, done), daemon=True).start()
        outages, lost, _ = gaps(list(done))
        if lost != said:
            said = lost
            say({"works": not lost})
        if patience and (now > outages[0][1] + 1 if outages else now > patience and not lost):
            break
        time.sleep(max(0.0, EVERY - (time.monotonic() - began - now)))
    time.sleep(2 * ANSWER)
    outages, lost, last = gaps(list(done))
    worked = sum(ok for _, ok in done)
    return {"worked": worked, "failed": len(done) - worked, "outages": outages, "lost": lost, "last": round(last, 3)}


def stream(address: str, port: int, seconds: float) -> Seen:
    longest = 0.0
    echoed = 0
    with connect(address, port, CONNECT_TIMEOUT) as connection:
        connection.settimeout(60)
        file = connection.makefile("rb", buffering=0)
        connection.sendall(b"echo\n")
        file.readline()
        last = time.monotonic()
        try:
            over = ending(seconds)
            while not over.is_set():
                connection.sendall(f"{echoed}\n".encode())
                if file.readline().decode().strip() != str(echoed):
                    return {"ok": False, "echoed": echoed, "longest": round(longest, 3)}
                now = time.monotonic()
                longest, last = max(longest, now - last), now
                echoed += 1
                time.sleep(0.02)
        except OSError as error:
            return {"ok": False, "echoed": echoed, "longest": round(longest, 3), "error": str(error)}
    return {"ok": True, "echoed": echoed, "longest": round(longest, 3)}


def say(seen: Seen) -> None:
    print(json.dumps(seen), flush=True)


def main(verb: str, *rest: str) -> None:
    if verb == "serve":
        serve([int(port) for port in rest])
    elif verb == "fetch":
        say(fetch(rest[0], int(rest[1]), int(rest[2]), rest[3]))
    elif verb == "probe":
        say(probe(rest[0], int(rest[1]), float(rest[2]), float(rest[3]) if len(rest) > 3 else 0))
    elif verb == "stream":
        say(stream(rest[0], int(rest[1]), float(rest[2])))
    else:
        raise SystemExit("there is no " + verb)


if __name__ == "__main__":
    main(*sys.argv[1:])
