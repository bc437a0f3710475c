"""Which interface is the public one and which the LAN's: known on the host only."""

from __future__ import annotations

import json
from dataclasses import dataclass

from mesh_host.system import LIB, System

INCLUDE = LIB + "/interfaces.nft"
ENVIRONMENT = LIB + "/interfaces.env"


@dataclass(frozen=True)
class Interface:
    name: str
    address: str


@dataclass(frozen=True)
class Interfaces:
    public: Interface | None
    lan: Interface | None


def ip_json(system: System, *words: str) -> list[dict[str, object]]:
    """Answer of `ip -j -4 …` as a list; an empty answer of `ip` is no JSON at all."""
    out = system.must(["ip", "-j", "-4", *words]).strip()
    return [item for item in json.loads(out or "[]") if isinstance(item, dict) and item]


def find_interfaces(system: System, lan: str | None) -> Interfaces:
    """Public: where the default route leaves. LAN: the one that holds `lan`, or the first other private one."""
    held: list[Interface] = []
    for link in ip_json(system, "addr", "show"):
        addresses = link.get("addr_info")
        for entry in addresses if isinstance(addresses, list) else []:
            if entry.get("family") == "inet" and entry.get("scope") == "global":
                held.append(Interface(str(link["ifname"]), str(entry["local"])))
    defaults = [str(route["dev"]) for route in ip_json(system, "route", "show", "default") if "dev" in route]
    public = next((found for found in held if defaults and found.name == defaults[0]), None)
    if lan is not None:
        return Interfaces(public, next((found for found in held if found.address == lan), None))
    others = [found for found in held if found != public and not found.name.startswith(("tailscale", "zt"))]
    return Interfaces(public, next((found for found in others if _private(found.address)), None))


def include_text(found: Interfaces) -> str:
    """The nft include. An unknown name stays undefined: nft's own check refuses a ruleset that needs it."""
    lines = [f'define {key} = "{name}"\n' for key, name in _names(found)]
    return "# made by the site-mesh host tool\n" + "".join(lines)


def environment_text(found: Interfaces) -> str:
    address = [("LANADDR", found.lan.address)] if found.lan is not None else []
    return "".join(f"{key}={value}\n" for key, value in _names(found) + address)


def _names(found: Interfaces) -> list[tuple[str, str]]:
    pairs = [("LANIF", found.lan), ("PUBIF", found.public)]
    return [(key, interface.name) for key, interface in pairs if interface is not None]


def _private(address: str) -> bool:
    first, second = (int(part) for part in address.split(".")[:2])
    return first == 10 or (first, second) == (192, 168) or (first == 172 and 16 <= second < 32)
