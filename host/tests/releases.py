"""Small releases, named for their point."""

from __future__ import annotations

import json
from typing import Any

from tests.keys import FINGERPRINT

SSHD = "/etc/ssh/sshd_config.d/00-site-mesh.conf"
NFT = "/etc/site-mesh/site.nft"
NFT_UNIT = "/etc/systemd/system/site-mesh-nft.service"
SYSCTL = "/etc/sysctl.d/90-site-mesh.conf"
APT = "/etc/site-mesh/apt-sources.json"


def file(content: str, mode: str = "0644") -> dict[str, str]:
    return {"content": content, "mode": mode}


def unit(*watches: str, on_change: str = "restart", enabled: bool = True) -> dict[str, Any]:
    return {"enabled": enabled, "onChange": on_change, "watches": list(watches)}


def plain(content: str = "PasswordAuthentication no\n") -> dict[str, Any]:
    return {
        "files": {SSHD: file(content)},
        "units": {"ssh.service": unit(SSHD, on_change="reload")},
        "packages": {},
    }


def router(rules: str = "# first", version: str = "1.102.3") -> dict[str, Any]:
    ruleset = f'include "/var/lib/site-mesh/interfaces.nft"\ntable inet t {{ {rules} $LANIF no_bogons $PUBIF }}\n'
    service = f"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/sbin/nft -f {NFT}\n"
    base = plain()
    return {
        "files": {**base["files"], NFT: file(ruleset), NFT_UNIT: file(service)},
        "units": {
            **base["units"],
            "site-mesh-nft.service": unit(NFT, NFT_UNIT, on_change="reload"),
            "tailscaled.service": unit(),
        },
        "packages": {"tailscale": version},
    }


def subnet_router(version: str = "1.102.3") -> dict[str, Any]:
    """All that a rendered router has: tables, ip rules, sysctls, a drop-in of tailscaled, an apt source."""
    loop = "for p in 2500 2501 5271; do while ip $$f rule del pref $$p; do :; done; done"
    clear = f"/bin/sh -c 'for f in -4 -6; do {loop}; done'"
    rules = "".join(
        f"ExecStart=/usr/sbin/ip {flag} rule add pref {number} to {prefix}\n"
        for flag, prefix in (("-4", "10.0.0.0/8"), ("-6", "fd12::/16"))
        for number in (2500, 2501, 5271)
    )
    units = {
        "site-mesh-nft": f"ExecStart=/usr/sbin/nft -f {NFT}\nExecStop=-/usr/sbin/nft delete table inet mesh_site\n",
        "site-mesh-rules": f"ExecStartPre={clear}\n{rules}ExecStop={clear}\n",
        "site-mesh-sysctl": f"ExecStart=/lib/systemd/systemd-sysctl {SYSCTL}\n",
    }
    source = {
        "name": "tailscale",
        "url": "https://pkgs.example.com/{id}",
        "key": "https://pkgs.example.com/{id}/{codename}.gpg",
        "fingerprint": FINGERPRINT,
        "packages": ["tailscale"],
    }
    drop_in = "/etc/systemd/system/tailscaled.service.d/site-mesh.conf"
    sysctls = ("net.ipv4.ip_forward = 1", "net.ipv6.conf.all.forwarding = 1", "net.ipv4.conf.all.rp_filter = 2")
    base = plain("AllowUsers ops\nPermitRootLogin no\nPasswordAuthentication no\n")
    for name, lines in units.items():
        path = f"/etc/systemd/system/{name}.service"
        base["files"][path] = file("[Service]\nType=oneshot\nRemainAfterExit=yes\n" + lines)
        base["units"][f"{name}.service"] = unit(path)
    base["files"].update(
        {
            NFT: file("table inet mesh_site\ndelete table inet mesh_site\ntable inet mesh_site { no_bogons }\n"),
            SYSCTL: file("".join(line + "\n" for line in sysctls)),
            APT: file(json.dumps([source])),
            drop_in: file("[Service]\nEnvironment=X=1\n"),
        }
    )
    base["units"]["tailscaled.service"] = unit(drop_in)
    return {**base, "packages": {"tailscale": version}}


def member() -> dict[str, Any]:
    """In the tailnet, but no router: a table of its own and one rule, no forwarding."""
    made = subnet_router()
    for path in (SYSCTL, "/etc/systemd/system/site-mesh-sysctl.service"):
        del made["files"][path]
    del made["units"]["site-mesh-sysctl.service"]
    rules = "/etc/systemd/system/site-mesh-rules.service"
    lines = [line for line in made["files"][rules]["content"].splitlines(True) if "add pref 2501" not in line]
    made["files"][rules]["content"] = "".join(line for line in lines if "add pref 5271" not in line)
    return made


def broken_unit() -> dict[str, Any]:
    """Passes every check and fails when it starts."""
    path = "/etc/systemd/system/site-mesh-broken.service"
    release = plain("PasswordAuthentication no\nMaxAuthTries 3\n")
    release["files"][path] = file("[Service]\nExecStart=/bin/false\n")
    release["units"]["site-mesh-broken.service"] = unit(path)
    return release
