"""What can go wrong, as docs/host-protocol.md numbers it."""

from __future__ import annotations

import errno

Check = dict[str, str]


class ToolError(Exception):
    """A failure with its exit code and the object that goes to standard output."""

    exit_code = 5

    def __init__(self, code: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.more = more

    def answer(self) -> dict[str, object]:
        return {"error": {"code": self.code, "message": self.message, **self.more}}


class Usage(ToolError):
    """The line or standard input is malformed."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__("usage", message)


class CheckFailed(ToolError):
    """A check refused; nothing was changed."""

    exit_code = 3

    def __init__(self, message: str, checks: list[Check]) -> None:
        super().__init__("check-failed", message, checks=checks)


class WrongState(ToolError):
    """The host is in another state than the line needs; `code` says in which."""

    exit_code = 4

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


class CommandFailed(ToolError):
    """A command on this host failed. Its error output is cut: the end of it has the reason."""

    def __init__(self, message: str, command: str, stderr: str) -> None:
        super().__init__("command-failed", message, command=command, stderr=stderr[-2000:])


def failed_file(error: OSError) -> CommandFailed:
    """A full disk, a read-only file system: the host failed, and its own words say how."""
    what = "has no room for" if error.errno == errno.ENOSPC else "could not read or write"
    return CommandFailed("this host {} {}".format(what, error.filename or "a file"), "file", str(error))
