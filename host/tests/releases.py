"""Small releases, named for their point."""

from __future__ import annotations

from typing import Any

SSHD = "/etc/ssh/sshd_config.d/00-site-mesh.conf"
NFT = "/etc/site-mesh/site.nft"
NFT_UNIT = "/etc/systemd/system/site-mesh-nft.service"
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


def broken_unit() -> dict[str, Any]:
    """Passes every check and fails when it starts."""
    path = "/etc/systemd/system/site-mesh-broken.service"
    release = plain("PasswordAuthentication no\nMaxAuthTries 3\n")
    release["files"][path] = file("[Service]\nExecStart=/bin/false\n")
    release["units"]["site-mesh-broken.service"] = unit(path)
    return release
