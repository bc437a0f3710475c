"""A host in a temporary folder: real files, fake commands, a clock that jumps, and death at any step."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from mesh_host.errors import CommandFailed
from mesh_host.main import respond
from mesh_host.system import MARKER, Result, System
from tests.fake_host import FakeHost, new_state
from tests.fake_machine import KERNEL

TOOL = "/usr/local/lib/site-mesh/tool-0123456789abcdef/mesh-host"
ECDSA = "ecdsa-sha2-nistp256 AAAAE2VjZHNhBOOTSTRAP"
SSHD_CONFIG = "# Debian's\nInclude /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n"

FILES = {
    "/etc/hostname": "fra-edge-01\n",
    "/etc/os-release": 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
    "/etc/ssh/sshd_config": SSHD_CONFIG,
    "/etc/ssh/ssh_host_ecdsa_key": "PRIVATE bootstrap",
    "/etc/ssh/ssh_host_ecdsa_key.pub": ECDSA + " bootstrap\n",
    "/etc/ssh/sshd_config.d/50-cloud-init.conf": "PasswordAuthentication yes\n",
    "/var/lib/cloud/instance/user-data.txt": f"#cloud-config\nssh_keys:\n  ecdsa_public: {ECDSA} x\n",
    "/run/cloud-init/result.json": "{}",
    "/proc/sys/kernel/random/boot_id": "11111111-2222-3333-4444-555555555555\n",
    "/run/systemd/system/network.target": "",
    "/dev/net/tun": "",
    "/sys/class/net/eth0/mtu": "1500\n",
    "/sys/class/net/tailscale0/mtu": "1280\n",
    **{path: value + "\n" for path, value in KERNEL.items()},
}


class Died(BaseException):
    """kill -9: no handler of the tool may catch it."""


class FakeSystem(System):
    def __init__(self, root: str) -> None:
        super().__init__(root, TOOL)
        self.fake = FakeHost(root, new_state())
        self.time = 1000.0
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.ssh: str | None = "connection-1"
        self.web: dict[str, bytes] = {}
        # Folder → (free bytes, read-only), where it is not plenty.
        self.rooms: dict[str, tuple[int, bool]] = {}
        self.asking: str | None = None
        self.steps: list[str] = []
        self.die_at: int | None = None

    def step(self, what: str) -> None:
        # Once dead it stays dead: a killed process runs no `finally` either.
        if self.die_at is not None and len(self.steps) >= self.die_at:
            raise Died(what)
        self.steps.append(what)

    def run(self, argv: Sequence[str], stdin: str = "", timeout: float = 60) -> Result:
        self.step("run " + " ".join(argv))
        code, out, err = self.fake.run(argv, stdin)
        return Result(code, out, err)

    def sync(self, descriptor: int) -> None:
        """The disk of a test does not lose power."""

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        due = [work for at, work in self.later if at <= self.time]
        self.later = [(at, work) for at, work in self.later if at > self.time]
        for work in due:
            work()

    def at(self, seconds: float, work: Callable[[], None]) -> None:
        """Something that happens by itself once so much time has passed."""
        self.later.append((seconds, work))

    def fetch(self, url: str) -> bytes:
        self.step("fetch " + url)
        if url not in self.web:
            raise CommandFailed("could not fetch " + url, "fetch " + url, "not found")
        return self.web[url]

    def session(self) -> str | None:
        return self.ssh

    def login(self) -> str | None:
        return self.asking

    def room(self, path: str) -> tuple[int, bool]:
        return self.rooms.get(path, (2**33, False))

    def poke(self, path: str, text: str) -> None:
        self.step("poke " + path)
        self.fake.set_kernel(path, text.strip())


class Sandbox:
    """`with Sandbox() as host:`; lines answer (code, document)."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="mesh-host-")
        self.system = FakeSystem(os.path.realpath(self.folder.name))
        with open(os.path.join(self.system.root, MARKER), "w"):
            pass
        for path, text in FILES.items():
            self.put(path, text)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.folder.cleanup()

    @property
    def fake(self) -> dict[str, Any]:
        return self.system.fake.state

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        where = self.system.host(path)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, "w") as file:
            file.write(text)
        os.chmod(where, mode)

    def get(self, path: str) -> str | None:
        return self.system.text(path)

    def line(self, words: str, stdin: object = None) -> tuple[int, dict[str, Any]]:
        data = stdin if isinstance(stdin, bytes) else json.dumps(stdin).encode()
        return respond(self.system, words.split(), lambda: data)

    def must(self, words: str, stdin: object = None) -> dict[str, Any]:
        code, document = self.line(words, stdin)
        if code != 0:
            raise AssertionError(f"{words}: exit {code}, {document}")
        return document

    def dies_at(self, step: int | None) -> None:
        self.system.steps.clear()
        self.system.die_at = step

    def apply(self, release: dict[str, Any], **more: Any) -> str:
        """Stage, activate, confirm over a new connection; answers the hash."""
        staged = str(self.must("apply stage", stage(release, **more))["hash"])
        self.system.ssh = f"activates {staged}"
        self.must(f"apply activate {staged} 120")
        self.system.ssh = f"confirms {staged}"
        self.must(f"apply confirm {staged}")
        return staged

    def existing(self, release: dict[str, Any], *accepts: str, **more: Any) -> str:
        """The same on a machine that was there before us."""
        return self.apply(release, existing={"accepts": list(accepts), "tailnet": "acme-staging"}, **more)

    def folders(self) -> set[str]:
        """Every folder of the host, and every file below /var/lib and /usr/local."""
        found: set[str] = set()
        for folder, folders, names in os.walk(self.system.root):
            where = folder[len(self.system.root) :]
            found.update(f"{where}/{name}" for name in folders)
            if where.startswith(("/var/lib", "/usr/local")):
                found.update(f"{where}/{name}" for name in names)
        # What is in /run ends with the next boot.
        return {path for path in found if not path.startswith("/run/")}

    def kernel(self) -> dict[str, str]:
        return {path: (self.get(path) or "").strip() for path in KERNEL}

    def tree(self) -> dict[str, tuple[str, str]]:
        """Everything below /etc but the host keys: path → (mode or link, content)."""
        found = {}
        for folder, _, names in os.walk(self.system.host("/etc")):
            for name in names:
                path = os.path.join(folder, name)
                if "ssh_host_" not in name:
                    with open(path, errors="replace") as file:
                        found[path[len(self.system.root) :]] = (oct(os.lstat(path).st_mode), file.read())
        return found


def stage(release: dict[str, Any], **more: Any) -> dict[str, Any]:
    request = {
        "release": release,
        "credentials": {},
        "lan": "10.77.10.2",
        "lanPrefix": "10.77.10.0/24",
        "retireBootstrapKey": False,
    }
    return {**request, **more}


def join(**more: Any) -> dict[str, Any]:
    request = {
        "authKey": "",
        "loginServer": None,
        "hostname": "fra-edge-01",
        "tags": ["tag:router"],
        "advertiseRoutes": ["10.77.10.0/24"],
        "acceptRoutes": True,
        "snat": True,
        "ssh": False,
        "tailnet": "acme-staging",
    }
    return {**request, **more}
