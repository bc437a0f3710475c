"""What a release may hold, and its hash."""

from __future__ import annotations

import copy
import json
import unittest
from typing import Any

from mesh_host.errors import Usage
from mesh_host.release import STAGE_LIMIT, parse_stage
from tests import releases
from tests.sandbox import stage


def parse(request: object) -> str:
    return parse_stage(json.dumps(request).encode()).release.hash


class ReleaseTest(unittest.TestCase):
    def test_the_hash_is_the_one_that_the_other_side_computes(self) -> None:
        # The same release and hash stand in test/unit/mesh/host-hash.test.ts: the two sides must not drift apart.
        release = {
            "files": {"/etc/site-mesh/a": {"content": 'ü𝄞\t"\\\u2028\u0001\n', "mode": "0644"}},
            "units": {"a.service": {"enabled": True, "onChange": "reload", "watches": ["/etc/site-mesh/a"]}},
            "packages": {"tailscale": "1.102.3"},
        }
        self.assertEqual(parse(stage(release)), "5e5ecd91023a3edc2fa96096609991202cfe21b91f6d4d575570078bef778941")

    def test_the_hash_does_not_depend_on_the_order_of_keys(self) -> None:
        release = releases.router()
        turned = {key: dict(reversed(list(value.items()))) for key, value in reversed(list(release.items()))}
        self.assertEqual(parse(stage(release)), parse(stage(turned)))

    def test_the_hash_depends_on_everything_in_the_release_and_on_nothing_beside_it(self) -> None:
        base = parse(stage(releases.router()))
        self.assertEqual(base, parse(stage(releases.router(), credentials={"a": "b"}, lan="10.77.10.9")))
        changes: list[tuple[list[str], object]] = [
            (["files", releases.NFT, "content"], "# other\n"),
            (["files", releases.NFT, "mode"], "0600"),
            (["units", "ssh.service", "enabled"], False),
            (["units", "ssh.service", "onChange"], "restart"),
            (["units", "ssh.service", "watches"], []),
            (["packages", "tailscale"], "1.100.0"),
        ]
        seen = {base}
        for path, value in changes:
            seen.add(parse(stage(changed(releases.router(), path, value))))
        self.assertEqual(len(seen), len(changes) + 1)

    def test_refuses_what_a_release_must_not_do(self) -> None:
        bad: list[tuple[list[str], object, str]] = [
            (["files", "etc/relative"], releases.file(""), "absolute ASCII path"),
            (["files", "/etc/../shadow"], releases.file(""), "not a path"),
            (["files", "/etc/ü"], releases.file(""), "absolute ASCII path"),
            (["files", "/etc/a b"], releases.file(""), "absolute ASCII path"),
            (["files", "/etc/folder/"], releases.file(""), "absolute ASCII path"),
            (["files", "/var/lib/site-mesh/state.json"], releases.file(""), "not a path"),
            (["files", "/proc/sysrq-trigger"], releases.file(""), "not a path"),
            (["files", "/etc/systemd/system/site-mesh-revert.timer"], releases.file(""), "not a path"),
            (["files", releases.NFT, "mode"], "0666", "not writable by others"),
            (["files", releases.NFT, "mode"], "4755", "not writable by others"),
            (["files", releases.NFT, "content"], 1, "must be text"),
            (["files", releases.NFT, "owner"], "x", "unknown keys: owner"),
            (["units", "--now"], releases.unit(), "valid unit name"),
            (["units", "ssh.service", "onChange"], "stop", "restart or reload"),
            (["units", "ssh.service", "watches"], ["/etc/passwd"], "no file of this release"),
            (["units", "ssh.service", "enabled"], "yes", "true or false"),
            (["packages", "-o"], "1", "valid package name"),
            (["packages", "tailscale"], "latest version", "valid exact version"),
            (["more"], {}, "unknown keys: more"),
        ]
        for path, value, reason in bad:
            with self.subTest(path=path, value=value), self.assertRaises(Usage) as caught:
                parse(stage(changed(releases.router(), path, value)))
            self.assertIn(reason, caught.exception.message)

    def test_refuses_what_stands_beside_a_release_when_it_is_malformed(self) -> None:
        bad: list[tuple[dict[str, object], str]] = [
            ({"lan": "10.77.10"}, "IPv4 address"),
            ({"lanPrefix": "10.77.10.1/24"}, "without host bits"),
            ({"lan6": "10.77.10.2"}, "IPv6 address"),
            ({"lan6": "fd12:0::2"}, "shortest form"),
            ({"lan6": None}, "must be text"),
            ({"credentials": {"../x": "y"}}, "valid credential name"),
            ({"credentials": {"x": 1}}, "must be text"),
            ({"retireBootstrapKey": 1}, "true or false"),
        ]
        for more, reason in bad:
            with self.subTest(more=more), self.assertRaises(Usage) as caught:
                parse(stage(releases.plain(), **more))
            self.assertIn(reason, caught.exception.message)

    def test_refuses_text_without_a_utf8_form_and_repeated_keys(self) -> None:
        text = json.dumps(stage(releases.plain("x")))
        for spoilt in (text.replace('"x"', '"\\ud800"'), text.replace('"lan"', '"lan": "10.0.0.1", "lan"')):
            with self.subTest(spoilt=spoilt[:40]), self.assertRaises(Usage):
                parse_stage(spoilt.encode())
        self.assertTrue(parse_stage(text.encode()))

    def test_refuses_more_than_four_mebibytes(self) -> None:
        text = json.dumps(stage(releases.plain())).encode()
        padded = text + b" " * (STAGE_LIMIT - len(text))
        self.assertTrue(parse_stage(padded))
        with self.assertRaises(Usage):
            parse_stage(padded + b" ")


def changed(release: dict[str, Any], path: list[str], value: object) -> dict[str, Any]:
    copied = copy.deepcopy(release)
    place = copied
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copied
