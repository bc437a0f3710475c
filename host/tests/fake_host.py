"""A host's commands, as far as the tool can tell: they keep state, and refuse what the real ones refuse.

Used in process by the unit tests, and as executables (`fake_bin.py`) where the whole tool runs in a sandbox.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence

from tests import fake_machine, fake_path, fake_tailscale
from tests.fake_machine import FakeMachine, Outcome, State

# Units that the distribution brings; all others exist when their file does.
DISTRIBUTION = ("ssh.service", "systemd-networkd.service")
SSHD_WORDS = re.compile(
    r"(Include|HostKey|AllowUsers|PermitRootLogin|AuthenticationMethods|PasswordAuthentication|KbdInteractiveAuthentication|"
    r"PermitEmptyPasswords|PermitUserEnvironment|LoginGraceTime|MaxAuthTries|X11Forwarding|Allow\w+Forwarding|PermitTunnel|"
    r"ClientAlive\w+|KexAlgorithms|Ciphers|MACs|UsePAM) \S"
)


def new_state() -> State:
    return {
        "units": {"ssh.service": {"enabled": True, "active": True}},
        # What each unit's files were when it last read them.
        "loaded": {},
        "log": [],
        "starting": 0,
        "links": {"eth0": "203.0.113.10", "enp7s0": "10.77.10.2"},
        # Interface → IPv6 addresses; a kernel may also know none.
        "links6": {},
        "ipv6": True,
        "default_route": True,
        "gateway": "10.77.0.1",
        "ping": True,
        # Address → what is not as in fake_path.PLAIN.
        "paths": {},
        "neighbour": "REACHABLE",
        "packages": {},
        "available": {"tailscale": ["1.102.3", "1.100.0"]},
        "failing": [],
        "tailscale": fake_tailscale.new_state(),
        **fake_machine.new_state(),
    }


def read(path: str) -> str:
    with open(path) as file:
        return file.read()


class FakeHost(FakeMachine):
    def run(self, argv: Sequence[str], stdin: str = "") -> Outcome:
        del stdin
        line = " ".join(argv)
        self.state["log"].append(line)
        if any(line.startswith(start) for start in self.state["failing"]):
            return 1, "", f"{argv[0]}: made to fail"
        handler = getattr(self, "do_" + argv[0].replace("-", "_"), None)
        if handler is None:
            return 127, "", f"{argv[0]}: not found"
        outcome: Outcome = handler(list(argv[1:]))
        return outcome

    # systemd

    def do_systemctl(self, args: list[str]) -> Outcome:
        verb, now = args[0], "--now" in args
        if verb == "daemon-reload":
            return 0, "", ""
        if verb == "is-system-running":
            return self.system_state()
        name = args[-1]
        unit = self.state["units"].get(name, {"enabled": False, "active": False})
        if verb == "is-active":
            word = "failed" if unit.get("failed") else "inactive"
            return (0, "active\n", "") if unit["active"] else (3, word + "\n", "")
        if verb == "is-enabled":
            if unit.get("masked"):
                return 1, "masked\n", ""
            if not self.unit_text(name):
                # systemd 257 answers `not-found` beside its complaint, older ones nothing.
                said = self.state.get("no_such_unit", "")
                return 1, said, f"Failed to get unit file state for {name}: No such file or directory"
            return (0, "enabled\n", "") if unit["enabled"] else (1, "disabled\n", "")
        if verb == "reset-failed":
            unit.pop("failed", None)
            return 0, "", ""
        if not self.unit_text(name):
            return 5, "", f"Failed to {verb} {name}: Unit {name} not found."
        return self.change_unit(verb, name, unit, now)

    def system_state(self) -> Outcome:
        """`starting` holds how often it says so; then all units have come up."""
        if self.state["starting"] == 0:
            return 0, "running\n", ""
        self.state["starting"] -= 1
        if self.state["starting"] == 0:
            for unit in self.state["units"].values():
                unit["active"] = True
        return 1, "starting\n", ""

    def change_unit(self, verb: str, name: str, unit: dict[str, bool], now: bool) -> Outcome:
        starts = verb in ("start", "restart", "reload-or-restart")
        if starts and "ExecStart=/bin/false" in self.unit_text(name):
            self.state["units"][name] = {**unit, "active": False, "failed": True}
            return 1, "", f"Job for {name} failed because the control process exited with error code."
        if unit["active"] and (now or verb in ("stop", "restart")):
            self.unit_lines(self.unit_text(name), "ExecStop")
        if verb in ("enable", "disable"):
            unit = {**unit, "enabled": verb == "enable", "active": False if now else unit["active"]}
        else:
            unit = {**unit, "active": verb != "stop"}
        if starts:
            self.unit_lines(self.unit_text(name), "ExecStartPre")
            self.unit_lines(self.unit_text(name), "ExecStart")
            self.state["loaded"][name] = self.read_by(name)
        self.state["units"][name] = unit
        return 0, "", ""

    def unit_text(self, name: str) -> str:
        if os.path.exists(self.path("/etc/systemd/system/" + name)):
            return self.text("/etc/systemd/system/" + name)
        packaged = name == "tailscaled.service" and "tailscale" in self.state["packages"]
        known = name in DISTRIBUTION or name in self.state["foreign_units"]
        return "[Service]\n" if known or packaged else ""

    def read_by(self, name: str) -> dict[str, str]:
        """Every file that the unit reads when it starts: itself, what it names, sshd's drop-ins."""
        paths = re.findall(r"/(?:etc|var/lib/site-mesh)/[\w./-]+", self.unit_text(name))
        paths += ["/etc/systemd/system/" + name]
        if name == "ssh.service":
            folder = "/etc/ssh/sshd_config.d"
            paths += [folder + "/" + entry for entry in os.listdir(self.path(folder)) if entry.endswith(".conf")]
        return {path: self.text(path) for path in sorted(set(paths)) if os.path.isfile(self.path(path))}

    def do_systemd_analyze(self, args: list[str]) -> Outcome:
        bad = [path for path in args[1:] if not re.search(r"^\[(Service|Timer)\]$", read(path), re.M)]
        return (1, "", "\n".join(f"{path}: Service has no ExecStart=." for path in bad)) if bad else (0, "", "")

    # network

    def do_ip(self, args: list[str]) -> Outcome:
        flag = "-6" if "-6" in args else "-4"
        words = [word for word in args if word not in ("-j", flag)]
        if words[:2] == ["route", "get"]:
            return fake_path.route_get(self.state, words[2])
        if flag == "-6" and not self.state["ipv6"]:
            return 2, "", "RTNETLINK answers: Address family not supported by protocol"
        if words[0] == "rule":
            return self.rules(flag, words)
        if flag == "-6":
            held = self.state["links6"].get(words[3], [])
            return 0, json.dumps([{"ifname": words[3], "addr_info": [{"local": address} for address in held]}]), ""
        links: dict[str, str] = self.state["links"]
        if words[0] == "addr":
            entry = [
                {"ifname": name, "addr_info": [{"family": "inet", "local": address, "scope": "global"}]}
                for name, address in links.items()
            ]
            return 0, json.dumps(entry), ""
        if words[0] == "neigh":
            state = self.state["neighbour"]
            return 0, json.dumps([{"dst": words[3], "state": [state]}] if state else []), ""
        if words[2] == "default":
            routes = [{"dst": "default", "gateway": "172.31.1.1", "dev": "eth0"}] if self.state["default_route"] else []
            return 0, json.dumps(routes), ""
        gateway = self.state["gateway"]
        if gateway is None:
            return 0, json.dumps([{"dst": "10.77.10.0/24", "scope": "link"}]), ""
        return 0, json.dumps([{"dst": "10.77.0.0/16", "gateway": gateway}, {"dst": gateway, "scope": "link"}]), ""

    def do_ping(self, args: list[str]) -> Outcome:
        if "-M" in args:
            return fake_path.ping(self.state, args)
        return (0, "", "") if self.state["ping"] and args else (1, "", "")

    def do_nft(self, args: list[str]) -> Outcome:
        if args[:2] == ["-c", "-f"]:
            text = read(args[2])
            included = re.findall(r'include "([^"]+)"', text)
            defined = "".join(read(path) for path in included if os.path.exists(path))
            unknown = [name for name in re.findall(r"\$(\w+)", text) if f"define {name} =" not in defined]
            if text.count("{") != text.count("}") or unknown:
                return 1, "", f"{args[2]}:1:1-1: Error: syntax error, unknown {unknown}"
            return 0, "", ""
        if args[:2] == ["list", "tables"] or args[0] == "delete":
            return self.tables(args)
        loaded = self.state["units"].get("site-mesh-nft.service", {"active": False})["active"]
        return (0, "", "") if loaded else (1, "", "Error: No such file or directory")

    # ssh

    def do_sshd(self, args: list[str]) -> Outcome:
        if args == ["-T"]:
            return 0, "".join(line + "\n" for line in self.state["sshd"]), ""
        lines = read(args[-1]).splitlines()
        for include in [line.split()[1] for line in lines if line.startswith("Include ")]:
            folder = os.path.dirname(include)
            for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
                lines += read(os.path.join(folder, name)).splitlines()
        bad = [line for line in lines if line and not line.startswith("#") and not SSHD_WORDS.match(line)]
        return (255, "", f"Bad configuration option: {bad[0]}") if bad else (0, "", "")

    def do_ssh_keygen(self, args: list[str]) -> Outcome:
        path = args[args.index("-f") + 1]
        if os.path.exists(path):
            return 1, "", f"{path} already exists."
        blob = "AAAAC3NzaC1lZDI1NTE5" + os.urandom(32).hex()
        for name, text in ((path, "PRIVATE " + blob), (path + ".pub", f"ssh-ed25519 {blob} \n")):
            with open(name, "w") as file:
                file.write(text)
        return 0, "", ""

    # packages

    def do_dpkg_query(self, args: list[str]) -> Outcome:
        known = self.state["packages"].get(args[-1])
        if known is None:
            return 1, "", f"dpkg-query: no packages found matching {args[-1]}"
        return 0, f"{'hold' if known['hold'] else 'install'} installed {known['version']}", ""

    def do_apt_get(self, args: list[str]) -> Outcome:
        if "update" in args:
            return 0, "", ""
        if "purge" in args:
            return self.purge(args)
        for wanted in args[args.index("install") + 1 :]:
            name, _, version = wanted.partition("=")
            if version not in self.state["available"].get(name, []):
                return 100, "", f"E: Version '{version}' for '{name}' was not found"
            self.state["packages"][name] = {"version": version, "hold": False}
            if name == "tailscale":
                self.state["units"]["tailscaled.service"] = {"enabled": True, "active": True}
        return 0, "", ""

    def do_apt_mark(self, args: list[str]) -> Outcome:
        self.state["packages"][args[1]]["hold"] = args[0] == "hold"
        return 0, "", ""

    def do_tailscale(self, args: list[str]) -> Outcome:
        if "tailscale" not in self.state["packages"]:
            return 127, "", "tailscale: not found"
        if not self.state["units"].get("tailscaled.service", {"active": False})["active"]:
            return 1, "", "failed to connect to local tailscaled; it doesn't appear to be running"
        return fake_tailscale.run(self.state["tailscale"], args, open)
