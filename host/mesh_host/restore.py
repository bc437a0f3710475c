"""`apply restore`: the host as it was before the first release.

On a machine that was there before us, packages, sysctls, rules and folders too. Killed anywhere and run again it
converges: what says how things were goes last.
"""

from __future__ import annotations

from mesh_host import hostkeys, machine, originals, revert, store
from mesh_host.store import State
from mesh_host.switch import switch
from mesh_host.system import System


def restore(system: System) -> dict[str, object]:
    """A second time there is nothing to do."""
    with system.lock():
        noted = system.exists(originals.INDEX)
        known = originals.load(system)
        back: list[str] = []
        if noted:
            # Keys before sshd reloads, so that it offers those of before, and no others.
            back += hostkeys.bring_back(system)
            back += machine.put_back_aside(system, known)
            back += switch(system, store.load_state(system), None).restored
        revert.forget(system)
        kept: list[str] = []
        if noted:
            store.save_state(system, State())
            store.prune(system, [])
        if known.existing:
            gone, kept = machine.put_back_packages(system, known.packages)
            back += gone
        if known.existing or not noted:
            kept += machine.remove_folders(system, known)
        return {"restored": sorted(path for path in back if path != hostkeys.DROP_IN), "kept": kept}
