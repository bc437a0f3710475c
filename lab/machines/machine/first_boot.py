"""What an image does at the first boot with what it was told: once in the life of a machine, before sshd starts.

The seed (JSON) was put there by whoever made the machine, as a hypervisor does. Later boots only say that the first one
is over. What fails or is not known here is said in the journal and in result.json; a machine comes up all the same, as
on a cloud.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from collections.abc import Iterator
from typing import Any

SEED = "/var/lib/lab-first-boot/seed.json"
DONE = "/var/lib/lab-first-boot/done"
INSTANCE = "/var/lib/cloud/instance"
RUN = "/run/cloud-init"
KEY_TYPES = ["rsa", "ecdsa", "ed25519"]
# What needs nothing done: /etc/hosts names the machine already, and nobody else sets its name.
IDLE = {"preserve_hostname", "manage_etc_hosts", "ssh_deletekeys"}
USER_KEYS = {"name", "gecos", "groups", "shell", "lock_passwd", "sudo", "ssh_authorized_keys"}

Document = dict[str, Any]


def put(path: str, text: str, mode: int = 0o644) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
    os.chmod(path, mode)


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value] if isinstance(value, list) else []


def authorize(name: str, keys: list[str]) -> None:
    """Adds to what is there: root has keys of the cloud and of user_data."""
    account = pwd.getpwnam(name)
    folder = os.path.join(account.pw_dir, ".ssh")
    path = os.path.join(folder, "authorized_keys")
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o700)
    known: list[str] = []
    if os.path.exists(path):
        with open(path) as file:
            known = file.read().splitlines()
    lines = [*known, *(key.strip() for key in keys if key.strip() not in known)]
    put(path, "".join(line + "\n" for line in lines), 0o600)
    for one in (folder, path):
        os.chown(one, account.pw_uid, account.pw_gid)


def account(user: Document) -> Iterator[str]:
    name = str(user["name"])
    for key in sorted(set(user) - USER_KEYS):
        yield f"user {name}: {key} is not known to the lab"
    if name not in {entry.pw_name for entry in pwd.getpwall()}:
        groups = ",".join(
            one for text in strings(user.get("groups")) for one in text.replace(" ", "").split(",") if one
        )
        for group in groups.split(",") if groups else []:
            run("groupadd", "--force", group)
        more = ["--groups", groups] if groups else []
        words = [
            "--create-home",
            "--shell",
            str(user.get("shell", "/bin/sh")),
            "--comment",
            str(user.get("gecos", name)),
        ]
        run("useradd", *words, *more, name)
    keys = strings(user.get("ssh_authorized_keys"))
    if keys:
        authorize(name, keys)


def sudoers(path: str, users: list[Document]) -> None:
    lines = [f"{user['name']} {rule}\n" for user in users for rule in strings(user.get("sudo"))]
    if lines:
        put(path, "".join(lines), 0o440)


def host_keys(given: Document, others: list[str]) -> Iterator[str]:
    for name, text in sorted(given.items()):
        kind, _, half = name.partition("_")
        if kind not in KEY_TYPES or half not in ("private", "public"):
            yield f"ssh_keys: {name} is not known to the lab"
            continue
        path = f"/etc/ssh/ssh_host_{kind}_key"
        if half == "public":
            put(path + ".pub", str(text).strip() + "\n")
            continue
        put(path, str(text).rstrip("\n") + "\n", 0o600)
        if f"{kind}_public" not in given:
            put(path + ".pub", run("ssh-keygen", "-y", "-f", path))
    for kind in others:
        path = f"/etc/ssh/ssh_host_{kind}_key"
        if not os.path.exists(path):
            run("ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path)


def users(seed: Document, rest: Document) -> Iterator[str]:
    wanted = rest.pop("users", None) or []
    accounts = [user for user in wanted if isinstance(user, dict) and "name" in user]
    yield from (f"users: {json.dumps(user)} is not known to the lab" for user in wanted if user not in accounts)
    for user in accounts:
        yield from account(user)
    sudoers("/etc/sudoers.d/90-cloud-init-users", accounts)


def root_keys(seed: Document, rest: Document) -> Iterator[str]:
    keys = [*strings(seed["rootKeys"]), *strings(rest.pop("ssh_authorized_keys", None))]
    if not rest.pop("disable_root", False) and keys:
        authorize("root", keys)
    yield from ()


def host_name(seed: Document, rest: Document) -> Iterator[str]:
    full = rest.pop("fqdn", None)
    name = rest.pop("hostname", None) or (str(full).split(".")[0] if full else None)
    if name:
        put("/etc/hostname", f"{name}\n")
        run("hostname", str(name))
    if full:
        # As the clouds' images do it: manage_etc_hosts is on in what the vendor brings.
        with open("/etc/hosts") as file:
            lines = [f"127.0.1.1 {full} {name}" if line.startswith("127.0.1.1 ") else line for line in file]
        put("/etc/hosts", "".join(line.rstrip("\n") + "\n" for line in lines))
    yield from ()


def ssh(seed: Document, rest: Document) -> Iterator[str]:
    password = "yes" if rest.pop("ssh_pwauth", False) is True else "no"
    put("/etc/ssh/sshd_config.d/50-cloud-init.conf", f"PasswordAuthentication {password}\n", 0o600)
    given = rest.pop("ssh_keys", None) or {}
    kinds = strings(rest.pop("ssh_genkeytypes", KEY_TYPES))
    # Given keys replace the generated ones altogether.
    yield from host_keys(given, [] if given else kinds)


def by_owner(owner: Document) -> Iterator[str]:
    """A machine as its owner set it up: an account, sshd's port, a host key of every kind, one of which others know."""
    yield from account(owner["user"])
    sudoers("/etc/sudoers.d/owner", [owner["user"]])
    yield from host_keys({"ed25519_private": owner["hostKey"]}, KEY_TYPES)
    if owner["port"] != 22:
        put("/etc/ssh/sshd_config.d/port.conf", f"Port {owner['port']}\n")


def carry_out(seed: Document) -> list[str]:
    """Answers what could not be done, and what was asked for and is not known here."""
    if "owner" in seed:
        return list(by_owner(seed["owner"]))
    put(INSTANCE + "/user-data.txt", seed["userData"], 0o600)
    errors = strings(seed["errors"])
    rest = {key: value for key, value in seed["config"].items() if key not in IDLE}
    # One that fails stops none of the others.
    for step in (users, root_keys, host_name, ssh):
        try:
            errors += step(seed, rest)
        except (RuntimeError, OSError, TypeError, AttributeError, ValueError, KeyError) as error:
            errors.append(f"user_data: {step.__name__}: {error}")
    return errors + [f"user_data: {key} is not known to the lab" for key in sorted(rest)]


def main() -> None:
    errors: list[str] = []
    if not os.path.exists(DONE):
        with open(SEED) as file:
            seed: Document = json.load(file)
        errors = carry_out(seed)
        # In this order: cut off in between, all of it happens again.
        put(DONE, "")
        os.remove(SEED)
    for line in errors:
        print(line)
    if os.path.exists(INSTANCE):
        put(RUN + "/result.json", json.dumps({"v1": {"datasource": "lab", "errors": errors}}) + "\n")


if __name__ == "__main__":
    main()
