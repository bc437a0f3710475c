#!/usr/bin/python3 -IS
"""Stands for one of a host's commands, named by argv[0], over the state file of the sandbox."""

from __future__ import annotations

import fcntl
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
from tests.fake_host import FakeHost

STATE = "fake-host.json"


def main() -> int:
    root = os.environ["MESH_HOST_ROOT"]
    with open(os.path.join(root, STATE), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        host = FakeHost(root, json.load(file))
        code, out, err = host.run([os.path.basename(sys.argv[0]), *sys.argv[1:]])
        file.seek(0)
        file.truncate()
        json.dump(host.state, file)
    sys.stdout.write(out)
    sys.stderr.write(err)
    return code


if __name__ == "__main__":
    sys.exit(main())
