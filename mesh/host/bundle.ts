import { createHash } from 'node:crypto';

/** Entry module of the tool; `main(argv)` there answers the exit code. */
const ENTRY = 'main.py';
const MODULE_FILE = /^[a-z_][a-z0-9_]*\.py$/;

/**
 * Makes the one Python source that is sent to hosts out of the modules of `host/mesh_host`.
 * `files`: file name (`release.py`, no folder) → source text. The answer depends on nothing else and not on their order,
 * so its sha256 can name the tool. Throws when a name is no module or `main.py` is missing.
 */
export function bundleTool(files: Record<string, string>): string {
  const wrong = Object.keys(files).filter((name) => !MODULE_FILE.test(name));
  if (wrong.length > 0)
    throw new Error(`host tool: ${wrong.join(', ')} cannot be a Python module; hand in NAME.py files only`);
  if (!(ENTRY in files)) throw new Error(`host tool: ${ENTRY} is missing; hand in all of host/mesh_host/*.py`);
  const modules = Object.keys(files)
    .sort()
    .map((name) => `    ${pythonText(name.slice(0, -'.py'.length))}: ${pythonText(files[name] ?? '')},\n`);
  const sources = `SOURCES = {\n${modules.join('')}}\n`;
  const stamp = createHash('sha256').update(sources).digest('hex').slice(0, 32);
  return `${PROLOGUE}STAMP = b"${stamp}"\n${sources}${EPILOGUE}`;
}

/** JSON's string form is a Python literal with the same value: all escapes that it uses mean the same there. */
function pythonText(text: string): string {
  return JSON.stringify(text);
}

// -I: a host's PYTHONPATH, user site and current directory must not reach a program that runs as root; -S: nor what its packages
// have Python do at every start.
const PROLOGUE = `#!/usr/bin/python3 -IS
"""site-mesh host tool. Made from host/mesh_host; do not edit. Protocol: docs/host-protocol.md"""
import sys

if sys.version_info < (3, 9):
    print('{"error": {"code": "command-failed", "message": "the host tool needs Python 3.9 or newer", "command": "python3", "stderr": ""}}')
    sys.exit(5)

import importlib.machinery
import marshal
import os
import zlib
from importlib._bootstrap_external import MAGIC_NUMBER

`;

// Finder and loader without importlib.abc: importing that costs more than the rest of the start together.
// Compiled modules are kept beside the tool, as Python does it for files: compiling is half of a start. Only what says that it is of
// these sources and this Python is read, and only whole: marshal must not see what a power failure left.
const EPILOGUE = `
KEPT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "modules." + sys.implementation.cache_tag)


def sealed(body):
    return MAGIC_NUMBER + STAMP + zlib.crc32(body).to_bytes(4, "big") + body


def kept():
    try:
        with open(KEPT, "rb") as file:
            data = file.read()
    except OSError:
        return {}
    body = data[len(sealed(b"")) :]
    return marshal.loads(body) if data == sealed(body) else {}


def keep(codes):
    body = marshal.dumps(codes)
    part = f"{KEPT}.{os.getpid()}"
    try:
        with open(part, "wb") as file:
            file.write(sealed(body))
        os.replace(part, KEPT)
    except OSError:
        # Nobody needs it: a full or a read-only disk must not fail what was asked.
        try:
            os.unlink(part)
        except OSError:
            pass


class Modules:
    """Finds and loads the modules in SOURCES."""

    def __init__(self):
        self.codes = kept()
        self.compiled = False

    def find_spec(self, fullname, path=None, target=None):
        if fullname == "mesh_host" or (fullname.startswith("mesh_host.") and fullname[10:] in SOURCES):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=fullname == "mesh_host")
        return None

    def get_source(self, fullname):
        return SOURCES.get(fullname[10:] or "__init__", "")

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__
        if name not in self.codes:
            self.codes[name] = compile(self.get_source(name), name.replace(".", "/") + ".py", "exec")
            self.compiled = True
        exec(self.codes[name], module.__dict__)


if __name__ == "__main__":
    modules = Modules()
    sys.meta_path.insert(0, modules)
    from mesh_host.main import main

    code = main(sys.argv[1:])
    if modules.compiled:
        keep(modules.codes)
    sys.exit(code)
`;
