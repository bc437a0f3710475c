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
    # The IPv6 address that was asked for, when the LAN interface holds it.
    lan6: str | None = None


def ip_json(system: System, *words: str) -> list[dict[str, object]]:
    """Answer of `ip -j -4 …` as a list; an empty answer of `ip` is no JSON at all."""
    return _items(system.must(["ip", "-j", "-4", *words]))


def ip6_json(system: System, *words: str) -> list[dict[str, object]]:
    """The same of `ip -j -6 …`; empty where the kernel has no IPv6, which `ip` calls an error."""
    result = system.run(["ip", "-j", "-6", *words])
    return _items(result.out) if result.code == 0 else []


def _items(out: str) -> list[dict[str, object]]:
    return [item for item in json.loads(out.strip() or "[]") if isinstance(item, dict) and item]


def find_interfaces(system: System, lan: str | None, lan6: str | None = None) -> Interfaces:
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
        found_lan = next((found for found in held if found.address == lan), None)
        has6 = found_lan is not None and lan6 is not None and lan6 in _addresses6(system, found_lan.name)
        return Interfaces(public, found_lan, lan6 if has6 else None)
    others = [found for found in held if found != public and not found.name.startswith(("tailscale", "zt"))]
    return Interfaces(public, next((found for found in others if _private(found.address)), None))


def _addresses6(system: System, name: str) -> list[str]:
    links = ip6_json(system, "addr", "show", "dev", name)
    listed = [entry for link in links for entry in _list(link.get("addr_info")) if isinstance(entry, dict)]
    return [str(entry["local"]) for entry in listed if "local" in entry]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def include_text(found: Interfaces) -> str:
    """The nft include. An unknown name stays undefined: nft's own check refuses a ruleset that needs it."""
    lines = [f'define {key} = "{name}"\n' for key, name in _names(found)]
    return "# made by the site-mesh host tool\n" + "".join(lines)


def environment_text(found: Interfaces) -> str:
    address = [("LANADDR", found.lan.address)] if found.lan is not None else []
    if found.lan6 is not None:
        address.append(("LANADDR6", found.lan6))
    return "".join(f"{key}={value}\n" for key, value in _names(found) + address)


def _names(found: Interfaces) -> list[tuple[str, str]]:
    pairs = [("LANIF", found.lan), ("PUBIF", found.public)]
    return [(key, interface.name) for key, interface in pairs if interface is not None]


def _private(address: str) -> bool:
    first, second = (int(part) for part in address.split(".")[:2])
    return first == 10 or (first, second) == (192, 168) or (first == 172 and 16 <= second < 32)
