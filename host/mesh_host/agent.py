"""`agent run`: the way back of a LAN goes to the router that is primary. `agent status`: how the agent is doing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from typing import Any, Callable, Protocol

from mesh_host import agent_core, agent_view
from mesh_host.agent_cloud import Cloud, Refused
from mesh_host.agent_core import ANNOUNCE, CLAIM, RELEASE, Rules, State, View
from mesh_host.agent_lan import Lan
from mesh_host.errors import Usage
from mesh_host.interfaces import ENVIRONMENT
from mesh_host.system import RUN, System

CONFIG = "/etc/site-mesh/agent.json"
STATUS = RUN + "/agent.json"
CREDENTIAL = "/var/lib/site-mesh/credentials/hetzner-token"
# A tick, and the shorter one when a look said something new: a switch needs two looks that agree.
TICK = 0.25
SOON = 0.05
# The cloud is asked again whether the alias is still ours, ticks.
ASK_CLOUD = 120
# Seconds after a claim that failed.
PAUSE = 5.0
FAILURES = (Refused, OSError, ValueError, subprocess.SubprocessError)


class Actuator(Protocol):
    shared: bool

    def held(self) -> bool: ...
    def heard(self) -> bool: ...
    def claim(self) -> None: ...
    def release(self) -> None: ...
    def announce(self) -> None: ...


def status(system: System) -> dict[str, object]:
    """What the agent wrote last; nulls where none runs."""
    try:
        found = json.loads(system.text(STATUS) or "")
    except ValueError:
        found = {}
    empty: dict[str, object] = {"role": None, "vip": None, "holds": None}
    return {**empty, **found} if isinstance(found, dict) else empty


class Agent:
    """State between ticks. Every effect is the actuator's; what it cannot do now is tried again at the next tick."""

    def __init__(
        self, config: dict[str, Any], actuator: Actuator, view: Any = agent_view.look, number: int = 0
    ) -> None:
        self.config = config
        self.actuator = actuator
        self.look = view
        # `number` is the last of the host's address: routers of a pair stand side by side, and wait differently.
        self.rules = Rules(shared=actuator.shared, announce_every=10, silence=2 * (8 + number % 8), defend=4)
        self.state = State()
        self.error: str | None = None
        self.last: str | None = None
        self.since = 0.0
        self.claiming: threading.Thread | None = None
        self.cloud_held = False
        self.asked = ASK_CLOUD
        # A claim that failed for a reason that does not pass is not made again at each tick.
        self.pause = 0.0
        self.document: dict[str, object] = {}

    def tick(self, early: bool, now: float) -> bool:
        """One look, and what follows from it; True when the next look should come soon."""
        seen = self.look(self.config["prefixes"])
        view = View(
            running=seen.running,
            online=seen.online,
            peer_primary=seen.peer_primary,
            advertises=seen.advertises,
            held=self._held(early),
            heard=self._ask(self.actuator.heard, False),
            early=early,
        )
        before = self.state
        self.state, actions = agent_core.decide(before, view, self.rules)
        for action in actions:
            self._act(action)
        if self.state.role != before.role:
            self.since = now
        self.document = self._document(view, now)
        return 0 < self.state.streak < self.rules.confirm

    def _held(self, early: bool) -> bool:
        if self.actuator.shared:
            return self._ask(self.actuator.held, False)
        # Only who should hold it asks the cloud, and not at each tick: requests are counted there.
        if self.state.role == agent_core.PRIMARY and self.claiming is None:
            self.asked += 0 if early else 1
            if self.asked >= ASK_CLOUD:
                self.asked = 0
                self.cloud_held = self._ask(self.actuator.held, self.cloud_held)
        elif self.state.role != agent_core.PRIMARY:
            self.asked, self.cloud_held = ASK_CLOUD, False
        # While a claim is on its way there is nothing to claim.
        return self.cloud_held or self.claiming is not None

    def _act(self, action: str) -> None:
        if action == RELEASE:
            self._do(self.actuator.release)
        elif action == ANNOUNCE:
            self._do(self.actuator.announce)
        elif action == CLAIM and self.actuator.shared:
            self._do(self.actuator.claim)
        elif action == CLAIM and self.claiming is None and time.monotonic() >= self.pause:
            # A cloud takes seconds, and the watchdog does not wait for it.
            self.claiming = threading.Thread(target=self._claim, daemon=True)
            self.claiming.start()
        if action != ANNOUNCE:
            self.last = action

    def _claim(self) -> None:
        if not self._do(self.actuator.claim):
            self.pause = time.monotonic() + PAUSE
        self.asked = ASK_CLOUD
        self.claiming = None

    def _do(self, work: Callable[[], None]) -> bool:
        """Whether it worked; if not, `error` says why until something does."""
        try:
            work()
        except FAILURES as error:
            self.error = f"{type(error).__name__}: {error}"[:300]
            return False
        self.error = None
        return True

    def _ask(self, work: Callable[[], bool], otherwise: bool) -> bool:
        try:
            return work()
        except FAILURES as error:
            self.error = f"{type(error).__name__}: {error}"[:300]
            return otherwise

    def _document(self, view: View, now: float) -> dict[str, object]:
        way = self.config["way"]
        return {
            "agent": self.config["agent"],
            "role": self.state.role,
            "since": int(self.since),
            "vip": way["vip"],
            "vip6": way.get("vip6"),
            "way": way["kind"],
            "holds": self.cloud_held if not self.actuator.shared else view.held,
            "view": {
                "running": view.running,
                "online": view.online,
                "peerPrimary": view.peer_primary,
                "advertises": view.advertises,
            },
            "lastAction": self.last,
            "error": self.error,
            "at": int(now),
        }


def run(system: System) -> dict[str, object]:
    """Never returns but by a signal. Raises Usage when there is nothing to run for."""
    text = system.text(CONFIG)
    if text is None:
        raise Usage("there is no " + CONFIG + " on this host: no release asks for an agent")
    config: dict[str, Any] = json.loads(text)
    names = dict(line.split("=", 1) for line in (system.text(ENVIRONMENT) or "").splitlines() if "=" in line)
    agent = Agent(config, _actuator(system, config["way"], names), number=int(names["LANADDR"].rpartition(".")[2]))
    written: object = None
    early = False
    notify("READY=1")
    while True:
        began = time.monotonic()
        early = agent.tick(early, time.time())
        notify(f"WATCHDOG=1\nSTATUS={agent.state.role}" + (f": {agent.error}" if agent.error else ""))
        # `at` alone is no news to a disk, but says that the agent lives: once in five seconds.
        news = {**agent.document, "at": int(time.time()) // 5}
        if news != written:
            system.write(STATUS, json.dumps(agent.document, sort_keys=True).encode())
            written = news
        time.sleep(max(0.0, (SOON if early else TICK) - (time.monotonic() - began)))


def _actuator(system: System, way: dict[str, Any], names: dict[str, str]) -> Actuator:
    if way["kind"] == "hetzner":
        return Cloud(way, lambda: (system.text(CREDENTIAL) or "").strip())
    return Lan(names["LANIF"], way["vip"], way.get("vip6"))


def notify(message: str) -> None:
    """systemd's own protocol; nobody listens when it is run by hand."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(message.encode(), "\0" + path[1:] if path.startswith("@") else path)
        except OSError:
            return
