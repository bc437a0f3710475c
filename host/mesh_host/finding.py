"""One thing on a machine that stands in the way of a first release, or cannot be undone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mesh_host import needs, unit_state
from mesh_host.originals import Originals
from mesh_host.release import Existing, Placement, Release
from mesh_host.system import System


@dataclass(frozen=True)
class Finding:
    """`refuse` stands in the way, `warn` is to be known. `acceptable`: the owner may say that we shall live with it."""

    what: str
    severity: str
    detail: str
    choice: str
    acceptable: bool = False
    accepted: bool = False

    def document(self) -> dict[str, object]:
        return {
            "what": self.what,
            "severity": self.severity,
            "acceptable": self.acceptable,
            "accepted": self.accepted,
            "detail": self.detail,
            "choice": self.choice,
        }


def refuse(what: str, detail: str, choice: str) -> Finding:
    return Finding(what, "refuse", detail, choice)


def warn(what: str, detail: str, choice: str = "nothing has to be done") -> Finding:
    return Finding(what, "warn", detail, choice)


def unless_accepted(what: str, detail: str, choice: str) -> Finding:
    return Finding(what, "refuse", detail, choice, acceptable=True)


@dataclass(frozen=True)
class Scene:
    """What findings are about: a machine, and the release that is to come."""

    system: System
    release: Release
    placement: Placement
    existing: Existing
    known: Originals

    @property
    def forwards(self) -> bool:
        return needs.forwards(self.release)

    @property
    def brings_tailscale(self) -> bool:
        return "tailscale" in self.release.packages or "tailscaled.service" in self.release.units

    def active(self, unit: str) -> bool:
        return unit_state.active(self.system, unit) == "active"

    def enabled(self, unit: str) -> bool:
        return unit_state.enabled(self.system, unit).startswith("enabled")

    def about_forwarding(self, what: str, detail: str, choice: str) -> Finding:
        """Stands in the way of a router, and only of one."""
        if self.forwards:
            return unless_accepted(what, detail, choice)
        return warn(what, detail + " This release forwards nothing, so neither is in the other's way.")


def judge(found: list[Finding], accepts: list[str]) -> list[Finding]:
    """With what the owner accepts no longer in the way; refusals first."""
    judged = [_judged(one, accepts) for one in found]
    return sorted(judged, key=lambda one: (one.severity, one.what, one.detail))


def _judged(one: Finding, accepts: list[str]) -> Finding:
    if not one.acceptable:
        return one
    if one.what in accepts:
        return replace(one, severity="warn", accepted=True, choice=f"accepted: {one.what} is in accepts of this host")
    return replace(one, choice=f"{one.choice}; or put {one.what} into accepts of this host")
