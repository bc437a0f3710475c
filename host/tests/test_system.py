"""The edge: the sandbox guard, the lock, commands, atomic writes, answers for every failure."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest

from mesh_host.errors import CommandFailed, Usage, WrongState
from mesh_host.main import answer
from mesh_host.system import MARKER, System, open_system
from tests.sandbox import Died, Sandbox, stage


class SystemTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="mesh-host-")
        self.addCleanup(folder.cleanup)
        self.root = os.path.realpath(folder.name)
        self.system = System(self.root)

    def command(self, name: str, script: str) -> None:
        os.makedirs(self.root + "/usr/bin", exist_ok=True)
        path = self.root + "/usr/bin/" + name
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(path, 0o755)

    def test_a_sandbox_needs_its_marker_and_is_never_the_host_itself(self) -> None:
        self.assertEqual(open_system({}, "").root, "")
        for root in (self.root, "/", self.root + "/missing"):
            with self.subTest(root=root), self.assertRaises(Usage):
                open_system({"MESH_HOST_ROOT": root}, "")
        with open(os.path.join(self.root, MARKER), "w"):
            pass
        self.assertEqual(open_system({"MESH_HOST_ROOT": self.root}, "").root, self.root)

    def test_only_one_run_holds_the_lock_and_another_says_busy(self) -> None:
        with self.system.lock():
            with self.assertRaises(WrongState) as caught, System(self.root).lock():
                self.fail("two runs at once")
            self.assertEqual(caught.exception.code, "busy")
        with System(self.root).lock():
            pass

    def test_a_missing_command_is_127_and_a_slow_one_124(self) -> None:
        self.command("slow", "exec sleep 5\n" if os.path.exists("/bin/sleep") else "while :; do :; done\n")
        self.command("sleep", "while :; do :; done\n")
        self.assertEqual(self.system.run(["missing"]).code, 127)
        self.assertEqual(self.system.run(["slow"], timeout=0.2).code, 124)

    def test_a_command_gets_no_environment_of_the_caller(self) -> None:
        self.command("show", 'echo "$SENTINEL.$LANG"\n')
        os.environ["SENTINEL"] = "leaked"
        self.addCleanup(os.environ.pop, "SENTINEL")
        self.assertEqual(self.system.must(["show"]), ".C.UTF-8\n")

    def test_a_failing_command_is_told_with_its_words(self) -> None:
        self.command("broken", "echo reason >&2; exit 3\n")
        with self.assertRaises(CommandFailed) as caught:
            self.system.must(["broken", "now"])
        self.assertEqual(caught.exception.more, {"command": "broken now", "stderr": "reason"})

    def test_a_write_replaces_in_one_step_and_leaves_no_part_behind(self) -> None:
        self.system.write("/etc/new/file", b"1", 0o600)
        before = os.stat(self.root + "/etc/new/file").st_ino
        self.system.write("/etc/new/file", b"2", 0o640)
        self.assertNotEqual(os.stat(self.root + "/etc/new/file").st_ino, before)
        self.assertEqual(
            (self.system.look("/etc/new/file").data, self.system.look("/etc/new/file").mode), (b"2", 0o640)
        )
        self.assertEqual(self.system.entries("/etc/new"), ["file"])

    def test_a_part_that_a_crash_left_does_not_stand_in_the_way(self) -> None:
        with Sandbox() as host:
            host.dies_at(1)
            with self.assertRaises(Died):
                host.system.write("/etc/file", b"1")
            self.assertIsNone(host.get("/etc/file"))
            host.dies_at(None)
            host.system.write("/etc/file", b"2")
            self.assertEqual(host.get("/etc/file"), "2")

    def test_the_session_is_the_process_of_sshd_above_us(self) -> None:
        self.assertIsNone(System().session(), "no sshd is above a test")
        # A process that is called sshd, as one of a connection is.
        script = (
            "import ctypes, os, subprocess, sys\n"
            "ctypes.CDLL(None).prctl(15, b'sshd', 0, 0, 0)\n"
            "code = 'from mesh_host.system import System; print(System().session())'\n"
            "print(os.getpid(), subprocess.run([sys.executable, '-c', code], stdout=-1, text=True).stdout)\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        process, session = done.stdout.split()
        self.assertEqual(session.partition("/")[0], process)


class AnswerTest(unittest.TestCase):
    def test_every_unknown_line_is_usage(self) -> None:
        with Sandbox() as host:
            for words in (
                "",
                "apply",
                "apply stage now",
                "route",
                "node join x",
                "facts x",
                "apply confirm",
                "shell id",
            ):
                self.assertEqual(host.line(words, {})[0], 2, words)

    def test_a_full_disk_is_a_failure_of_the_host_not_a_crash(self) -> None:
        with Sandbox() as host:

            def full(descriptor: int) -> None:
                raise OSError(28, "No space left on device", "/var/lib/site-mesh/x")

            host.system.sync = full  # type: ignore[method-assign]
            code, document = host.line("apply stage", stage({"files": {}, "units": {}, "packages": {}}))
            self.assertEqual((code, document["error"]["code"]), (5, "command-failed"))
            self.assertIn("No space left", document["error"]["stderr"])

    def test_a_fault_of_the_tool_tells_its_place_and_no_value(self) -> None:
        with Sandbox() as host:

            def broken(argv: object, stdin: str = "", timeout: float = 60) -> None:
                raise ZeroDivisionError("SENTINEL")

            host.system.run = broken  # type: ignore[assignment, method-assign]
            code, document = host.line("facts")
            self.assertEqual(code, 5)
            self.assertIn("ZeroDivisionError in broken", document["error"]["message"])
            self.assertNotIn("SENTINEL", str(document))

    def test_a_line_without_standard_input_does_not_read_it(self) -> None:
        with Sandbox() as host:
            answer(host.system, ["apply", "status"], lambda: self.fail("read standard input"))
            with self.assertRaises(Usage):
                answer(host.system, ["apply", "stage"], lambda: b"")


class FactsTest(unittest.TestCase):
    def test_first_boot_is_told_by_the_files_of_cloud_init(self) -> None:
        with Sandbox() as host:
            self.assertEqual(host.must("facts")["firstBoot"], "done")
            host.system.remove("/run/cloud-init/result.json")
            self.assertEqual(host.must("facts")["firstBoot"], "running")
            host.put("/run/cloud-init/disabled", "")
            self.assertEqual(host.must("facts")["firstBoot"], "none")

    def test_the_lan_is_the_staged_address_and_before_that_the_other_private_one(self) -> None:
        with Sandbox() as host:
            host.fake["links"] = {
                "eth0": "203.0.113.10",
                "tailscale0": "100.64.0.9",
                "ens9": "10.5.0.1",
                "enp7s0": "10.77.10.2",
            }
            self.assertEqual(host.must("facts")["interfaces"]["lan"], {"name": "ens9", "address": "10.5.0.1"})
            host.apply({"files": {}, "units": {}, "packages": {}})
            self.assertEqual(host.must("facts")["interfaces"]["lan"], {"name": "enp7s0", "address": "10.77.10.2"})

    def test_a_host_without_networks_has_facts_all_the_same(self) -> None:
        with Sandbox() as host:
            host.fake.update({"links": {}, "default_route": False})
            self.assertEqual(host.must("facts")["interfaces"], {"public": None, "lan": None})
