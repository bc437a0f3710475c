"""The host's ssh keys: an ed25519 key of its own, and the end of the bootstrap key that came with user_data."""

from __future__ import annotations

from mesh_host import originals
from mesh_host.store import State, save_state
from mesh_host.system import LIB, System

DROP_IN = "/etc/ssh/sshd_config.d/00-site-mesh-hostkeys.conf"
USER_DATA = "/var/lib/cloud/instance/user-data.txt"
RETIRED = LIB + "/retired"
FRESH = "/etc/ssh/.site-mesh-ed25519"
KINDS = ("ed25519", "ecdsa", "rsa")


def key_path(kind: str) -> str:
    return f"/etc/ssh/ssh_host_{kind}_key"


def public_key(system: System, kind: str) -> str | None:
    """OpenSSH line without its comment; None when sshd has no such key."""
    if not system.exists(key_path(kind)):
        return None
    words = (system.text(key_path(kind) + ".pub") or "").split()
    return " ".join(words[:2]) if len(words) >= 2 else None


def ensure_ed25519(system: System) -> None:
    """Makes the key when there is none. The private half moves into place last: where it is, so is the public."""
    path = key_path("ed25519")
    if system.exists(path):
        return
    forget_half(system)
    system.must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", system.host(FRESH)])
    system.rename(FRESH + ".pub", path + ".pub")
    system.rename(FRESH, path)


def forget_half(system: System) -> None:
    """A key that a killed run has not brought into place."""
    system.remove(FRESH)
    system.remove(FRESH + ".pub")


def drop_in_text(system: System, state: State) -> str:
    """HostKey lines replace sshd's built-in list, so all keys that are to be offered are named."""
    kinds = [
        kind
        for kind in KINDS
        if (kind == "ed25519" or system.exists(key_path(kind))) and not (state.retired and kind == "ecdsa")
    ]
    return "".join(f"HostKey {key_path(kind)}\n" for kind in kinds)


def outlook(system: System) -> dict[str, object]:
    """Keys that are there and stay, and one that a first release makes."""
    there = [kind for kind in KINDS if system.exists(key_path(kind))]
    return {"present": there, "made": [] if "ed25519" in there else ["ed25519"]}


def has_bootstrap_key(system: System) -> bool:
    """The ECDSA key is the bootstrap key only where user_data brought it; on an existing host it is the owner's.

    Every local process can read user_data from the cloud's metadata service, and so the private key.
    """
    words = (public_key(system, "ecdsa") or "").split()
    return len(words) == 2 and words[1] in (system.text(USER_DATA) or "")


def retire(system: System, state: State) -> list[str]:
    """Stops offering the bootstrap host key; answers its kind, or nothing when there is none. Needs the lock.

    Only under a confirmed release: before that nobody has recorded the ed25519 key, and the host could not be
    verified any more.
    """
    if state.confirmed is None or not system.exists(key_path("ecdsa")):
        return []
    # On a machine that was there before us every key is its owner's, whatever its user_data says.
    if not (state.retired or has_bootstrap_key(system)) or originals.load(system).existing:
        return []
    state.retired = True
    save_state(system, state)
    system.write(DROP_IN, drop_in_text(system, state).encode())
    system.must(["systemctl", "reload-or-restart", "ssh.service"])
    # Last: while the file is there a rerun starts again.
    system.mkdir(RETIRED, 0o700)
    for name in (key_path("ecdsa") + ".pub", key_path("ecdsa")):
        if system.exists(name):
            system.rename(name, RETIRED + "/" + name.rpartition("/")[2])
    return ["ecdsa"]


def bring_back(system: System) -> list[str]:
    """Undoes retire; answers the paths."""
    back = []
    for name in system.entries(RETIRED):
        system.rename(RETIRED + "/" + name, "/etc/ssh/" + name)
        back.append("/etc/ssh/" + name)
    return back
