"""Every effect of the tool: commands, files, clock, network. Nothing else in the tool touches the host."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mesh_host.errors import CommandFailed, Usage, WrongState

MARKER = ".mesh-host-sandbox"
LIB = "/var/lib/site-mesh"
RUN = "/run/site-mesh"
LOCK = RUN + "/lock"
# Of advertised routes alone: a unit that an activation starts, and waits for, writes them too.
ROUTES_LOCK = RUN + "/routes-lock"
FETCH_LIMIT = 256 * 1024


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Original:
    """What a path was. kind: absent, file or link; `mode`, `uid`, `gid` of files, `data` is content or link target."""

    kind: str
    data: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0


class System:
    """The host, or a directory that stands for it. Paths are always the host's own (`/etc/…`)."""

    def __init__(self, root: str = "", tool: str = "") -> None:
        self.root = root
        self.tool = tool

    def step(self, what: str) -> None:
        """Called before every single effect; tests die here."""

    # commands

    def run(self, argv: Sequence[str], stdin: str = "", timeout: float = 60) -> Result:
        """Runs without a shell. A command that is not installed answers 127, one that takes too long 124."""
        self.step("run " + " ".join(argv))
        env = {"PATH": self._command_path(), "LANG": "C.UTF-8", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
        if self.root:
            env["MESH_HOST_ROOT"] = self.root
        program = shutil.which(argv[0], path=env["PATH"])
        if program is None:
            return Result(127, "", argv[0] + " is not installed on this host")
        try:
            done = subprocess.run(
                [program, *argv[1:]], input=stdin.encode(), capture_output=True, env=env, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            return Result(124, "", f"no end after {timeout:.0f} s")
        return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def must(self, argv: Sequence[str], stdin: str = "", timeout: float = 60) -> str:
        """Runs and answers standard output; raises CommandFailed unless the command ends with 0."""
        result = self.run(argv, stdin, timeout)
        if result.code != 0:
            message = f"{argv[0]} failed on this host (exit {result.code})"
            raise CommandFailed(message, " ".join(argv), result.err.strip() or result.out.strip())
        return result.out

    def _command_path(self) -> str:
        folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        return ":".join(self.root + folder for folder in (folders if not self.root else ["/usr/bin"]))

    # files

    def host(self, path: str) -> str:
        """Where the host's `path` really is, for arguments of commands."""
        return self.root + path

    def read(self, path: str) -> bytes | None:
        """Content, through links; None when there is no such file."""
        try:
            with open(self.host(path), "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def text(self, path: str) -> str | None:
        data = self.read(path)
        return None if data is None else data.decode(errors="replace")

    def exists(self, path: str) -> bool:
        return os.path.lexists(self.host(path))

    def entries(self, path: str) -> list[str]:
        try:
            return sorted(os.listdir(self.host(path)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def look(self, path: str) -> Original:
        """What `path` is now, links not followed. Raises Usage for what no release can replace, like a folder."""
        try:
            info = os.lstat(self.host(path))
        except (FileNotFoundError, NotADirectoryError):
            return Original("absent")
        if stat.S_ISLNK(info.st_mode):
            return Original("link", os.fsencode(os.readlink(self.host(path))))
        if not stat.S_ISREG(info.st_mode):
            raise Usage(path + " is neither a file nor a link on this host; a release can only place files")
        return Original("file", self.read(path) or b"", stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid)

    def write(self, path: str, data: bytes, mode: int = 0o644, uid: int = 0, gid: int = 0) -> None:
        """Replaces in one step: a reader, or a crash, sees the old file or the new one. Folders are made as needed."""
        target = self.host(path)
        folder = os.path.dirname(target)
        self.mkdir(os.path.dirname(path))
        part = self.host(self.part(path))
        self.step("write " + path)
        try:
            self._fill(part, data, mode, uid, gid)
        except OSError as error:
            # Not left on a disk that may be full; and a failed write does not say which file it was for.
            if os.path.lexists(part):
                os.unlink(part)
            raise OSError(error.errno, error.strerror, path) from error
        self.step("rename " + path)
        os.replace(part, target)
        self._sync_folder(folder)

    def _fill(self, part: str, data: bytes, mode: int, uid: int, gid: int) -> None:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if os.geteuid() == 0 and not self.root:
                os.fchown(file.fileno(), uid, gid)
            os.fchmod(file.fileno(), mode)
            file.flush()
            self.sync(file.fileno())

    def part(self, path: str) -> str:
        """Where `path` is written before it is renamed.

        One fixed name: only one run writes at a time, and the next can clean up after a crash. It ends in none of the
        suffixes that sshd, systemd, sysctl or apt read.
        """
        folder, _, name = path.rpartition("/")
        return f"{folder}/.{name}.site-mesh-part"

    def link(self, path: str, target: str) -> None:
        """Makes or moves a symbolic link in one step."""
        self.mkdir(os.path.dirname(path))
        part = self.host(self.part(path))
        self.step("link " + path)
        if os.path.lexists(part):
            os.unlink(part)
        os.symlink(target, part)
        self.step("rename " + path)
        os.replace(part, self.host(path))
        self._sync_folder(os.path.dirname(self.host(path)))

    def remove(self, path: str) -> None:
        if self.exists(path):
            self.step("remove " + path)
            os.unlink(self.host(path))
            self._sync_folder(os.path.dirname(self.host(path)))

    def remove_tree(self, path: str) -> None:
        if self.exists(path):
            self.step("remove tree " + path)
            shutil.rmtree(self.host(path))

    def rename(self, source: str, target: str) -> None:
        self.step(f"rename {source} to {target}")
        os.rename(self.host(source), self.host(target))
        self._sync_folder(os.path.dirname(self.host(target)))

    def remove_folder(self, path: str) -> bool:
        """Removes a folder that is empty; answers whether it is gone."""
        if not self.entries(path) and os.path.isdir(self.host(path)):
            self.step("remove folder " + path)
            os.rmdir(self.host(path))
        return not self.exists(path)

    def poke(self, path: str, text: str) -> None:
        """Writes to a file of the kernel, which can be neither created nor renamed over."""
        self.step("poke " + path)
        with open(self.host(path), "r+b") as file:
            file.write(text.encode())

    def room(self, path: str) -> tuple[int, bool]:
        """(free bytes, whether it is read-only) of the file system that holds `path`, or would hold it."""
        while path != "/" and not os.path.exists(self.host(path)):
            path = os.path.dirname(path)
        found = os.statvfs(self.host(path))
        return found.f_bavail * found.f_frsize, bool(found.f_flag & os.ST_RDONLY)

    def inode(self, path: str) -> int | None:
        try:
            return os.stat(self.host(path)).st_ino
        except OSError:
            return None

    def mkdir(self, path: str, mode: int = 0o755) -> None:
        if not os.path.isdir(self.host(path)):
            self.step("mkdir " + path)
            os.makedirs(self.host(path), mode, exist_ok=True)

    def sync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def _sync_folder(self, folder: str) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.sync(descriptor)
        finally:
            os.close(descriptor)

    # time, network, who asks

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def fetch(self, url: str) -> bytes:
        """Gets a small file over HTTPS. Raises CommandFailed."""
        self.step("fetch " + url)
        # Only here: it takes as long to import as the rest of the tool together, and is needed once in a host's life.
        import urllib.request

        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                data: bytes = answer.read(FETCH_LIMIT + 1)
        except (OSError, ValueError) as error:
            raise CommandFailed(f"could not fetch {url}: {error}", "fetch " + url, str(error)) from error
        if len(data) > FETCH_LIMIT:
            raise CommandFailed(f"{url} is larger than {FETCH_LIMIT} bytes", "fetch " + url, "")
        return data

    def session(self) -> str | None:
        """Names the SSH connection that this run came over; None on a console or from a unit.

        The process of sshd that serves one connection is the nearest ancestor of that name. SSH_CONNECTION would be
        simpler, but sudo drops it.
        """
        if self.root:
            return os.environ.get("MESH_HOST_SESSION")
        process = os.getppid()
        while process > 1:
            fields = (self.text(f"/proc/{process}/stat") or "").rpartition(")")
            name, rest = fields[0].partition("(")[2], fields[2].split()
            if len(rest) < 20:
                return None
            if name in ("sshd", "sshd-session"):
                return f"{process}/{rest[19]}"
            process = int(rest[1])
        return None

    def login(self) -> str | None:
        """The account that this run was asked for by; sudo says whose it is. None in a sandbox."""
        return None if self.root else os.environ.get("SUDO_USER", "root")

    @contextmanager
    def lock(self, wait: bool = False, path: str = LOCK) -> Iterator[None]:
        """Only one run changes the host at a time. Raises WrongState `busy`; with `wait` it waits instead."""
        self.mkdir(RUN, 0o700)
        descriptor = os.open(self.host(path), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError as error:
                message = "another run is changing this host; try again when it is done"
                raise WrongState("busy", message) from error
            yield
        finally:
            os.close(descriptor)


def open_system(environ: dict[str, str], tool: str) -> System:
    """The real host, or the sandbox that MESH_HOST_ROOT names: only with a marker file in it, so never by accident."""
    root = environ.get("MESH_HOST_ROOT", "")
    if root:
        root = os.path.realpath(root)
        if root == "/" or not os.path.isfile(os.path.join(root, MARKER)):
            raise Usage(f"MESH_HOST_ROOT is set, but there is no {MARKER} in it; unset it to work on this host")
    return System(root, tool)
