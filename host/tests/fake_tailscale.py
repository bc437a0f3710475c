"""The tailscale command line with a small service behind it: single-use keys that carry tags."""

from __future__ import annotations

import json
from typing import Any

State = dict[str, Any]
Outcome = tuple[int, str, str]

OWN_CONTROL = "https://controlplane.tailscale.com"
DEFAULTS = {
    "advertise-routes": "",
    "accept-routes": "false",
    "snat-subnet-routes": "true",
    "ssh": "false",
    "accept-dns": "true",
    "stateful-filtering": "false",
    "auto-update": "false",
    "hostname": "",
}


def new_state() -> State:
    # keys: auth key → tailnet, tags, spent
    # peers: as `status --json` lists them
    # control: the control server that it logs in at
    return {
        "backend": "NeedsLogin",
        "node": None,
        "prefs": dict(DEFAULTS),
        "keys": {},
        "joins": 0,
        "peers": [],
        "control": OWN_CONTROL,
        "logout": "well",
        "up": "well",
        "logged_out": False,
    }


def run(state: State, args: list[str], opener: Any = open) -> Outcome:
    if args[:1] == ["status"]:
        return status(state)
    if args[:2] == ["debug", "prefs"]:
        routes = [route for route in state["prefs"]["advertise-routes"].split(",") if route]
        prefs = {"ControlURL": state["control"], "AdvertiseRoutes": routes or None}
        prefs["LoggedOut"] = state["logged_out"]
        more = {"Hostname": state["prefs"]["hostname"], "RunSSH": state["prefs"]["ssh"] == "true"}
        return 0, json.dumps({**prefs, **more}), ""
    if args[:1] == ["set"]:
        return change(state, flags(args[1:]))
    if args[:1] == ["logout"]:
        if state["logout"] == "no daemon":
            return 1, "", "failed to connect to local tailscaled"
        if state["logout"] == "unknown node":
            state.update(backend="Stopped", logged_out=True)
            return 1, "", "500 Internal Server Error: authkey already used"
        state.update(backend="NeedsLogin", node=None)
        return 0, "", ""
    if args[:1] == ["up"]:
        return up(state, flags(args[1:]), opener)
    return 1, "", f"unknown subcommand: {args[0]}"


def flags(args: list[str]) -> dict[str, str]:
    pairs = (arg.lstrip("-").partition("=") for arg in args)
    return {name: value if equals else "true" for name, equals, value in pairs}


def change(state: State, given: dict[str, str]) -> Outcome:
    unknown = [name for name in given if name not in DEFAULTS]
    if unknown:
        return 2, "", f"flag provided but not defined: -{unknown[0]}"
    state["prefs"].update(given)
    return 0, "", ""


def up(state: State, given: dict[str, str], opener: Any) -> Outcome:
    key_file = given.pop("auth-key", "")
    again = given.pop("force-reauth", "") == "true"
    given.pop("timeout", "")
    state["control"] = given.pop("login-server", OWN_CONTROL)
    if given.pop("reset", "") != "true" and any(state["prefs"][k] != v for k, v in DEFAULTS.items() if k not in given):
        return 1, "", "Error: changing settings via 'tailscale up' requires mentioning all non-default flags."
    if state["node"] is None or again:
        if not key_file.startswith("file:"):
            return 1, "", "timed out: nobody followed the login address"
        with opener(key_file[len("file:") :]) as file:
            key = state["keys"].get(file.read().strip())
        if key is None or key["spent"]:
            return 1, "", "backend error: invalid key: unable to validate API key"
        key["spent"] = True
        state["joins"] += 1
        number = state["joins"]
        state["node"] = {"ID": f"n{number}CNTRL", "tags": key["tags"], "tailnet": key["tailnet"], "number": number}
    state.update(backend="Running", logged_out=False)
    state["prefs"] = {**DEFAULTS}
    done = change(state, given)
    return (1, "", "backend error: authkey already used") if state["up"] == "refused for the former node" else done


def status(state: State) -> Outcome:
    node = state["node"]
    if node is None:
        return 1, json.dumps({"BackendState": state["backend"], "Self": {"ID": "", "HostName": "x"}}), "Logged out."
    address = f"100.64.0.{node['number']}"
    document = {
        "Version": "1.102.3-t0123456789-g0123456789",
        "BackendState": state["backend"],
        "Self": {
            "ID": node["ID"],
            "DNSName": f"{state['prefs']['hostname']}.{node['tailnet']}.ts.net.",
            "TailscaleIPs": [address, f"fd7a:115c:a1e0::{node['number']}"],
            "Tags": node["tags"],
            "Online": state["backend"] == "Running",
        },
        "CurrentTailnet": {"Name": node["tailnet"]},
        # No peers at all: null, as the daemon writes it.
        "Peer": {f"nodekey:{peer['ID']}": peer for peer in state["peers"]} or None,
    }
    return 0, json.dumps(document), ""
