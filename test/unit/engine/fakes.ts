// Stand-ins for the programs that the engine room starts: real processes, no network, nothing outside one folder.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { HEADSCALE_VERSION, TAILSCALE_VERSION } from '../../../engine/daemons/versions.ts';
import { PULUMI_VERSION } from '../../../engine/versions.ts';

/** A machine of its own: home, cache and a PATH with nothing on it but what a test puts there. */
export interface Place {
  root: string;
  home: string;
  cacheDir: string;
  bin: string;
  env: NodeJS.ProcessEnv;
}

export function newPlace(): Place {
  const root = mkdtempSync(join(tmpdir(), 'mesh-engine-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const [home, bin] = [join(root, 'home'), join(root, 'bin')];
  for (const folder of [home, bin]) mkdirSync(folder);
  // The port of a proxy that nobody listens on: whatever would ask the vendor's host is refused on loopback.
  const closed = 'http://127.0.0.1:9';
  const env = { PATH: bin, HOME: home, HTTPS_PROXY: closed, https_proxy: closed };
  return { root, home, bin, cacheDir: join(home, '.cache', 'site-mesh', 'engine'), env };
}

export function writeExecutable(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o755);
}

/** A program that is no script and answers `version`: a copy of the shell, which reads the file `version` beside it. */
export function writeNativePulumi(folder: string, version: string): string {
  mkdirSync(folder, { recursive: true });
  copyFileSync('/bin/sh', join(folder, 'pulumi'));
  chmodSync(join(folder, 'pulumi'), 0o755);
  writeFileSync(join(folder, 'version'), `echo v${version}\n`);
  return join(folder, 'pulumi');
}

export interface FakeGo {
  version?: string;
  toolchain?: string;
  /** Seconds that `go build` takes. */
  seconds?: number;
  /** What `go build` says instead of building. */
  failure?: string;
  /** The version that the Pulumi it builds says it is. */
  builds?: string;
  /** The version that the tailscaled it builds says it is. */
  tailscaled?: string;
}

/** Puts a `go` on the PATH that notes each build, with its process id, in `builds.log`. */
export function installGo(place: Place, go: FakeGo = {}): void {
  const fails = go.failure === undefined ? '' : `echo '${go.failure}' >&2; exit 1`;
  writeExecutable(
    join(place.bin, 'go'),
    `#!/bin/sh
case $1 in
  version) echo "go version go${go.version ?? '1.26.8'} linux/amd64"; exit 0;;
  env) echo "${go.toolchain ?? 'auto'}"; exit 0;;
esac
echo "$$ GOFLAGS=$GOFLAGS GOWORK=$GOWORK CGO_ENABLED=$CGO_ENABLED GOTMPDIR=$GOTMPDIR $*" >> "${place.root}/builds.log"
echo "go: downloading example.com/module v1.0.0" >&2
echo "example.com/module/package" >&2
${fails}
while [ "$1" != -o ]; do shift; done
out=$2
/bin/mkdir -p "$out/partial"
/bin/sleep ${go.seconds ?? 0}
shift 2
for package in "$@"; do
  case $package in
    tailscale.com/*) says=${go.tailscaled ?? TAILSCALE_VERSION};;
    *headscale) says="headscale version v${HEADSCALE_VERSION}";;
    *) says=v${go.builds ?? PULUMI_VERSION};;
  esac
  printf '#!/bin/sh\\necho %s\\n' "'$says'" > "$out/\${package##*/}"
  /bin/chmod +x "$out/\${package##*/}"
done
/bin/rm -r "$out/partial"
`,
  );
}

export const builds = (place: Place): string[] => {
  const log = join(place.root, 'builds.log');
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
};

/** What lies in the cache, the lock aside. */
export const inCache = (place: Place): string[] =>
  existsSync(place.cacheDir) ? readdirSync(place.cacheDir).filter((name) => name !== 'lock') : [];

/** A launcher that installs what `pulumi` would be, and a language host beside it. */
export function writeLauncher(place: Place, body?: string): string {
  const file = join(place.root, 'run.cjs');
  const installs = `
    const fs = require('fs'), path = require('path');
    const bin = path.join(process.env.PULUMI_HOME, 'versions', process.env.PULUMI_VERSION, 'bin');
    fs.mkdirSync(bin, { recursive: true });
    for (const name of ['pulumi', 'pulumi-language-nodejs'])
      fs.writeFileSync(path.join(bin, name), '#!/bin/sh\\necho v' + process.env.PULUMI_VERSION + '\\n', { mode: 0o755 });
    fs.writeFileSync(path.join(require('os').tmpdir(), 'left-by-the-installer'), '');`;
  writeFileSync(file, body ?? installs);
  return file;
}

/** A vendor's host on loopback; `status` undefined = it takes the request and never answers. */
export async function startVendor(status?: number): Promise<string> {
  const server = createServer((_request, response) => {
    if (status !== undefined) response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/install.sh`;
}

export interface Driver {
  process: ChildProcess;
  output: () => string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Runs `obtainPulumi` in a process of its own, on that place. */
export function startDriver(place: Place): Driver {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'driver.ts')], {
    env: place.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const collect = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return { process: child, output: () => text, ended };
}

/** Waits until `condition` holds, looking every 50 ms; throws with `what` after 20 s. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within 20 s: ${what}`);
    await sleep(50);
  }
}

/** True while a process with that id lives (a zombie that nobody reaped does not count). */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) [ZX] /.test(readFileSync(stat, 'utf8'));
}
