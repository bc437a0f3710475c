"""What a release asks of a machine beyond its files, read from their texts: so that nothing has to be said twice."""

from __future__ import annotations

import re

from mesh_host.release import Release

TABLE = re.compile(r"^\s*table (inet|ip|ip6|arp|bridge|netdev) (\w+)", re.M)
PREFERENCE = re.compile(r"\brule add pref (\d+)\b")
CLEARED = re.compile(r"\bfor p in ([\d ]+); do while ip (?:\S+ )?rule del pref ")
SSHD_FOLDER = "/etc/ssh/sshd_config.d/"
SYSCTL_FOLDER = "/etc/sysctl.d/"
KERNEL = "/proc/sys/"


def tables(release: Release) -> list[str]:
    """nft tables, like `inet mesh_site`."""
    texts = [file.content for path, file in release.files.items() if path.endswith(".nft")]
    return sorted({" ".join(pair) for text in texts for pair in TABLE.findall(text)})


def preferences(release: Release) -> list[int]:
    """Preferences of the ip rules that its units make, and of those that they clear, whoever made them."""
    texts = [file.content for file in release.files.values()]
    numbers = [number for text in texts for number in PREFERENCE.findall(text)]
    numbers += [number for text in texts for listed in CLEARED.findall(text) for number in listed.split()]
    return sorted({int(number) for number in numbers})


def sysctls(release: Release) -> dict[str, str]:
    """Key → value."""
    found: dict[str, str] = {}
    for path, file in sorted(release.files.items()):
        if path.startswith(SYSCTL_FOLDER) and path.endswith(".conf"):
            found.update(sysctl_lines(file.content))
    return found


def sysctl_lines(text: str) -> dict[str, str]:
    """The assignments of one sysctl.d file; `-` (ignore failures) means nothing here."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and line.strip()[:1] not in ("#", ";"))
    return {_dotted(key.strip().lstrip("-")): " ".join(value.split()) for key, _, value in pairs}


def kernel_path(key: str) -> str:
    return KERNEL + key.replace(".", "/")


def _dotted(key: str) -> str:
    """`net/ipv4/ip_forward` is another way to write the key."""
    return key.replace("/", ".") if "/" in key.split(".", 1)[0] else key


def forwards(release: Release) -> bool:
    """It makes a router of the machine: then other programs' rules about forwarding are about us."""
    return sysctls(release).get("net.ipv4.ip_forward") == "1"
