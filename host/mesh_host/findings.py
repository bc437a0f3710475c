"""All that is to be said about a machine before a first release."""

from __future__ import annotations

from mesh_host import access, foreign, ground, inventory
from mesh_host.finding import Finding, Scene, judge


def findings(scene: Scene, first: bool) -> list[Finding]:
    """Under a release of ours the rest would be about ourselves, and was accepted."""
    found = list(ground.ground(scene))
    if first:
        found += [*foreign.foreign(scene), *ground.taken(scene), *access.locked_out(scene), *inventory.owned(scene)]
    return judge(found, scene.existing.accepts)
