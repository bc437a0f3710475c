"""What a cloud's image does with user_data: carried out once in the life of a machine, before sshd starts.

The seed (JSON) was put there by whoever made the machine, as a hypervisor does. Later boots only say that the first one is over.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

SEED = "/var/lib/cloud/seed/lab.json"
INSTANCE = "/var/lib/cloud/instance"
DONE = INSTANCE + "/boot-finished"
RUN = "/run/cloud-init"
KNOWN = {
    "users",
    "ssh_keys",
    "ssh_authorized_keys",
    "disable_root",
    "ssh_pwauth",
    "ssh_deletekeys",
    "ssh_genkeytypes",
    "hostname",
    "preserve_hostname",
    "manage_etc_hosts",
}


def put(path: str, text: str, mode: int = 0o644, owner: str | None = None) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    if owner is not None:
        subprocess.run(["chown", f"{owner}:{owner}", path], check=True)


def authorize(home: str, owner: str, keys: list[str]) -> None:
    os.makedirs(home + "/.ssh", exist_ok=True)
    os.chmod(home + "/.ssh", 0o700)
    put(home + "/.ssh/authorized_keys", "".join(key.strip() + "\n" for key in keys), 0o600, owner)
    subprocess.run(["chown", f"{owner}:{owner}", home + "/.ssh"], check=True)


def account(user: dict[str, Any]) -> None:
    name = str(user["name"])
    keys = [str(key) for key in user.get("ssh_authorized_keys", [])]
    if name == "root":
        authorize("/root", "root", keys)
        return
    if subprocess.run(["id", "-u", name], capture_output=True, check=False).returncode != 0:
        shell = str(user.get("shell", "/bin/sh"))
        subprocess.run(["useradd", "--create-home", "--shell", shell, name], check=True, capture_output=True)
    authorize("/home/" + name, name, keys)
    rules = user.get("sudo", [])
    for rule in [rules] if isinstance(rules, str) else rules or []:
        put("/etc/sudoers.d/90-cloud-init-users", f"{name} {rule}\n", 0o440)


def host_keys(given: dict[str, str], others: bool) -> None:
    """Given keys replace the generated ones altogether, as cloud-init does it; with `others` each missing kind is made."""
    for name, text in sorted(given.items()):
        kind, _, half = name.partition("_")
        path = f"/etc/ssh/ssh_host_{kind}_key"
        if half == "private":
            put(path, text if text.endswith("\n") else text + "\n", 0o600)
            if f"{kind}_public" not in given:
                public = subprocess.run(["ssh-keygen", "-y", "-f", path], check=True, capture_output=True)
                put(path + ".pub", public.stdout.decode(), 0o644)
        elif half == "public":
            put(path + ".pub", text.strip() + "\n", 0o644)
    if others or not given:
        subprocess.run(["ssh-keygen", "-A"], check=True, capture_output=True)


def carry_out(seed: dict[str, Any]) -> list[str]:
    """Answers what was asked for and is not known here."""
    config: dict[str, Any] = seed.get("config") or {}
    for user in config.get("users", []):
        if isinstance(user, dict) and "name" in user:
            account(user)
    root = [] if config.get("disable_root") else [*seed["rootKeys"], *config.get("ssh_authorized_keys", [])]
    if root:
        authorize("/root", "root", root)
    host_keys(config.get("ssh_keys") or {}, bool(seed.get("otherKeys")))
    lines = ["PasswordAuthentication " + ("yes" if config.get("ssh_pwauth") else "no")]
    if seed.get("port"):
        lines.append(f"Port {seed['port']}")
    put("/etc/ssh/sshd_config.d/50-cloud-init.conf", "\n".join(lines) + "\n", 0o600)
    put(INSTANCE + "/user-data.txt", seed["userData"], 0o600)
    return [f"user_data: {key} is not known to the lab" for key in sorted(set(config) - KNOWN)]


def main() -> None:
    os.makedirs(RUN, exist_ok=True)
    errors: list[str] = []
    if not os.path.exists(DONE):
        with open(SEED) as file:
            seed = json.load(file)
        errors = [*seed["errors"], *carry_out(seed)]
        os.remove(SEED)
        put(DONE, "")
    for line in errors:
        print(line)
    put(RUN + "/result.json", json.dumps({"v1": {"datasource": "lab", "errors": errors}}) + "\n")


if __name__ == "__main__":
    main()
