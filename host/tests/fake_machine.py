"""What else runs on a machine that was there before us: kernel values, ip rules, nft tables, other programs."""

from __future__ import annotations

import json
import os
import re
from typing import Any

State = dict[str, Any]
Outcome = tuple[int, str, str]

# As a fresh Debian has them.
KERNEL = {
    "/proc/sys/net/ipv4/ip_forward": "0",
    "/proc/sys/net/ipv4/conf/all/forwarding": "0",
    "/proc/sys/net/ipv4/conf/all/accept_redirects": "1",
    "/proc/sys/net/ipv4/conf/all/rp_filter": "0",
    "/proc/sys/net/ipv4/conf/default/forwarding": "0",
    "/proc/sys/net/ipv4/conf/default/rp_filter": "0",
    "/proc/sys/net/ipv4/conf/eth0/forwarding": "0",
    "/proc/sys/net/ipv6/conf/all/forwarding": "0",
    "/proc/sys/net/ipv6/conf/default/forwarding": "0",
    "/proc/sys/net/ipv6/conf/eth0/forwarding": "0",
}
LOCAL_RULES = [
    {"priority": 0, "src": "all", "table": "local"},
    {"priority": 32766, "src": "all", "table": "main"},
    {"priority": 32767, "src": "all", "table": "default"},
]


def _rules_of(flag: str) -> str:
    return "rules6" if flag == "-6" else "rules"


def new_state() -> State:
    return {
        "tables": [],
        "rules": list(LOCAL_RULES),
        "rules6": list(LOCAL_RULES),
        # Path → package.
        "owners": {},
        "audit": "",
        "sessions": [],
        # Lines of `sshd -T`.
        "sshd": [],
        "forward_policy": "ACCEPT",
        # Units that other programs brought.
        "foreign_units": [],
        # Package → packages that depend on it.
        "dependents": {},
    }


class FakeMachine:
    def __init__(self, root: str, state: State) -> None:
        self.root = root
        self.state = state

    def path(self, path: str) -> str:
        return self.root + path

    def text(self, path: str) -> str:
        with open(self.path(path)) as file:
            return file.read()

    # what units do

    def unit_lines(self, text: str, keyword: str) -> None:
        for line in re.findall(rf"^{keyword}=-?(.+)$", text, re.M):
            self.unit_line(line)

    def unit_line(self, line: str) -> None:
        words = line.split()
        if words[0].endswith("/nft") and words[1] == "-f":
            names = re.findall(r"^table (\w+ \w+) \{", self.text(words[2]), re.M)
            self.state["tables"] = sorted({*self.state["tables"], *names})
        elif words[0].endswith("/nft") and words[1] == "delete":
            self.state["tables"] = [name for name in self.state["tables"] if name != " ".join(words[3:5])]
        elif words[0].endswith("/ip") and words[2:4] == ["rule", "add"]:
            self.state[_rules_of(words[1])].append({"priority": int(words[5]), "src": "all", "table": "main"})
        elif words[0] == "/bin/sh":
            numbers = [int(number) for number in re.findall(r"\b\d{4}\b", line)]
            for key in ("rules", "rules6") if "-6" in line else ("rules",):
                self.state[key] = [rule for rule in self.state[key] if rule["priority"] not in numbers]
        elif words[0].endswith("/systemd-sysctl"):
            for key, value in re.findall(r"^([\w.]+) = (\w+)$", self.text(words[1]), re.M):
                self.set_kernel("/proc/sys/" + key.replace(".", "/"), value)

    def set_kernel(self, path: str, value: str) -> None:
        """With what the kernel sets along with it."""
        also = {path: value}
        if path.endswith("/ipv4/ip_forward"):
            also[os.path.dirname(path) + "/conf/all/accept_redirects"] = "0" if value == "1" else "1"
        family = re.match(r"/proc/sys/net/(ipv\d)/(ip_forward|conf/all/forwarding)$", path)
        if family:
            folder = f"/proc/sys/net/{family[1]}/conf"
            also.update({f"{folder}/{name}/forwarding": value for name in os.listdir(self.path(folder))})
        for one, text in also.items():
            with open(self.path(one), "w") as file:
                file.write(text + "\n")

    # commands

    def do_iptables(self, args: list[str]) -> Outcome:
        return 0, f"-P {args[1]} {self.state['forward_policy']}\n", ""

    def do_loginctl(self, args: list[str]) -> Outcome:
        del args
        return 0, "".join(f"{n} 1000 {name} - pts/0\n" for n, name in enumerate(self.state["sessions"])), ""

    def do_dpkg(self, args: list[str]) -> Outcome:
        if args[0] == "--audit":
            return 0, self.state["audit"], ""
        if args[0] == "-S":
            package = self.state["owners"].get(args[1])
            return (0, f"{package}: {args[1]}\n", "") if package else (1, "", "dpkg-query: no path found matching")
        numbers = [[int(part) for part in re.findall(r"\d+", version)] for version in (args[1], args[3])]
        return (0, "", "") if numbers[0] < numbers[1] else (1, "", "")

    def rules(self, flag: str, words: list[str]) -> Outcome:
        known = self.state[_rules_of(flag)]
        if words[1] == "show":
            return 0, json.dumps(known), ""
        preference = int(words[3])
        ours = [rule for rule in known if rule["priority"] == preference]
        if not ours:
            return 2, "", "RTNETLINK answers: No such file or directory"
        known.remove(ours[0])
        return 0, "", ""

    def tables(self, args: list[str]) -> Outcome:
        if args[0] == "list":
            return 0, "".join(f"table {name}\n" for name in self.state["tables"]), ""
        name = " ".join(args[2:4])
        if name not in self.state["tables"]:
            return 1, "", "Error: No such file or directory"
        self.state["tables"].remove(name)
        return 0, "", ""

    def purge(self, args: list[str]) -> Outcome:
        name = args[-1]
        going = [name, *self.state["dependents"].get(name, [])]
        if "-s" in args:
            return 0, "".join(f"Purg {one} [1.0]\n" for one in going), ""
        for one in going:
            self.state["packages"].pop(one, None)
        if name == "tailscale":
            self.state["units"].pop("tailscaled.service", None)
        return 0, "", ""
