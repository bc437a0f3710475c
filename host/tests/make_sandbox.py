"""Fills a folder with a fresh machine for the whole tool to run in: `python3 -m tests.make_sandbox DIR`."""

from __future__ import annotations

import json
import os
import sys

from mesh_host.system import MARKER
from tests.fake_bin import STATE
from tests.fake_host import FakeHost, new_state
from tests.sandbox import FILES


def main(root: str) -> None:
    files = {**FILES, "/" + MARKER: "", "/" + STATE: json.dumps(new_state())}
    for path, text in files.items():
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        with open(root + path, "w") as file:
            file.write(text)
    os.makedirs(root + "/usr/bin", exist_ok=True)
    fake = os.path.join(os.path.dirname(os.path.realpath(__file__)), "fake_bin.py")
    for method in dir(FakeHost):
        if method.startswith("do_"):
            os.symlink(fake, root + "/usr/bin/" + method[len("do_") :].replace("_", "-"))


if __name__ == "__main__":
    main(sys.argv[1])
