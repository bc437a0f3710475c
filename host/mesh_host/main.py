"""One line of the protocol: words in, one JSON document out, exit code by docs/host-protocol.md."""

from __future__ import annotations

import json
import os
import sys
from typing import Callable

from mesh_host import apply, facts, node, path, peers, preflight, restore, routes
from mesh_host.errors import CommandFailed, ToolError, Usage, failed_file
from mesh_host.release import HASH, STAGE_LIMIT
from mesh_host.system import System, open_system

Answer = dict[str, object]


def _run_agent(system: System) -> Answer:
    # It alone talks HTTP: importing that takes as long as all other modules together, and a release asks nine times.
    from mesh_host import agent

    return agent.run(system)


def _agent_status(system: System) -> Answer:
    from mesh_host import agent

    return agent.status(system)


PLAIN: dict[tuple[str, ...], Callable[[System], Answer]] = {
    ("agent", "run"): _run_agent,
    ("agent", "status"): _agent_status,
    ("facts",): facts.facts,
    ("apply", "status"): apply.status,
    ("apply", "restore"): restore.restore,
    ("node", "status"): node.status,
    ("node", "leave"): node.leave,
    ("node", "peers"): peers.peers,
    ("route", "advertise"): routes.advertise,
    ("route", "drain"): routes.drain,
    ("route", "status"): routes.status,
    ("route", "resume"): routes.resume,
    ("route", "pause"): routes.pause,
}
WITH_STDIN: dict[tuple[str, ...], Callable[[System, bytes], Answer]] = {
    ("apply", "preflight"): preflight.preflight,
    ("apply", "stage"): apply.stage,
    ("node", "join"): node.join,
}
WITH_HASH: dict[tuple[str, ...], Callable[[System, str], Answer]] = {
    ("apply", "confirm"): apply.confirm,
    ("apply", "revert"): apply.go_back_by_timer,
}
WITH_WORD: dict[tuple[str, ...], Callable[[System, str], Answer]] = {
    ("path", "mtu"): path.mtu,
}


def answer(system: System, words: list[str], stdin: Callable[[], bytes]) -> Answer:
    """Raises ToolError. `stdin` is read only by lines that have one."""
    verb, rest = tuple(words[:2]), words[2:]
    if verb in PLAIN and not rest:
        return PLAIN[verb](system)
    if verb in WITH_STDIN and not rest:
        return WITH_STDIN[verb](system, stdin())
    if verb in WITH_HASH and len(rest) == 1:
        return WITH_HASH[verb](system, _hash(rest[0]))
    if verb in WITH_WORD and len(rest) == 1:
        return WITH_WORD[verb](system, rest[0])
    if verb == ("apply", "activate") and len(rest) == 2:
        return apply.activate(system, _hash(rest[0]), _seconds(rest[1]))
    raise Usage("not a line of the host protocol: " + " ".join(words)[:200])


def _hash(word: str) -> str:
    if not HASH.fullmatch(word):
        raise Usage("HASH must be a sha256 in lower-case hex")
    return word


def _seconds(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) <= 4 and 10 <= int(word) <= 3600):
        raise Usage("SECONDS must be a whole number from 10 to 3600")
    return int(word)


def respond(system: System, words: list[str], stdin: Callable[[], bytes]) -> tuple[int, Answer]:
    """Never raises: every failure has an exit code and a JSON answer."""
    try:
        return 0, answer(system, words, stdin)
    except ToolError as error:
        return error.exit_code, error.answer()
    except OSError as error:
        failure = failed_file(error)
        return failure.exit_code, failure.answer()
    except Exception as error:  # noqa: BLE001 - the protocol promises JSON; the type is what a bug report needs
        # Only type and place: the text of an unforeseen error can hold a secret from standard input.
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else "?"
        bug = CommandFailed(f"the host tool has a fault: {type(error).__name__} in {where}", "mesh-host", "")
        return bug.exit_code, bug.answer()


def main(argv: list[str]) -> int:
    # Files of the tool are root's alone unless a mode is given.
    os.umask(0o022)
    try:
        system = open_system(dict(os.environ), os.path.realpath(sys.argv[0]))
    except ToolError as error:
        code, document = error.exit_code, error.answer()
    else:
        code, document = respond(system, argv, lambda: sys.stdin.buffer.read(STAGE_LIMIT + 1))
    # ASCII, so that the answer does not depend on the host's locale.
    print(json.dumps(document, sort_keys=True), flush=True)
    return code
