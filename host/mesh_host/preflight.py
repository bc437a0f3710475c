"""`apply preflight`: what a first release would touch on a machine that was there before us, and what forbids it.

Changes nothing. The first `stage` and the first `activate` ask the same findings and go no further when one refuses.
"""

from __future__ import annotations

from mesh_host import access, findings, hostkeys, inventory, machine, needs, originals, store
from mesh_host.errors import Check, CheckFailed, Usage
from mesh_host.finding import Scene
from mesh_host.release import Placement, Release, parse_stage
from mesh_host.system import System


def preflight(system: System, stdin: bytes) -> dict[str, object]:
    request = parse_stage(stdin)
    release, placement = request.release, request.placement
    if placement.existing is None:
        raise Usage("StageRequest: lacks existing: a preflight is for machines that were there before us")
    first = store.load_state(system).untouched
    scene = Scene(system, release, placement, placement.existing, originals.load(system))
    return {
        "first": first,
        "files": inventory.files(system, release),
        "packages": inventory.packages_of(system, release),
        "units": inventory.units(system, release),
        "sysctls": inventory.sysctls(system, release),
        "ssh": {"hostKeys": hostkeys.outlook(system), **access.outlook(system, release)},
        "ours": {
            "tables": [table for table in machine.listed_tables(system) if table in needs.tables(release)],
            "rules": [
                machine.rule_text(rule)
                for rules in machine.listed_rules(system).values()
                for rule in rules
                if _at_ours(rule, release)
            ],
        },
        "findings": [one.document() for one in findings.findings(scene, first)],
    }


def _at_ours(rule: dict[str, object], release: Release) -> bool:
    return rule.get("priority") in needs.preferences(release)


def refuse_first(system: System, release: Release, placement: Placement | None) -> None:
    """Raises CheckFailed when this would be the first release on an existing machine and something refuses it."""
    if placement is None or placement.existing is None or not store.load_state(system).untouched:
        return
    scene = Scene(system, release, placement, placement.existing, originals.load(system))
    refusals = [one for one in findings.findings(scene, first=True) if one.severity == "refuse"]
    if not refusals:
        return
    checks: list[Check] = [
        {"name": "preflight " + one.what, "result": "failed", "detail": f"{one.detail} – {one.choice}"}
        for one in refusals
    ]
    names = ", ".join(sorted({one.what for one in refusals}))
    raise CheckFailed(f"this machine was there before us, and nothing was changed on it: {names} in the way", checks)
