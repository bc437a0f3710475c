import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import type { Machine } from '../types.ts';

const exec = promisify(execFile);

/** Where a machine's disk is, below its folder. */
export const diskPaths = (folder: string) => ({
  upper: join(folder, 'upper'),
  work: join(folder, 'work'),
  root: join(folder, 'root'),
});

/**
 * Mounts the root of a machine over its read-only layers, the uppermost first; does nothing when it is mounted.
 */
export async function mountRoot(folder: string, layers: readonly string[]): Promise<string> {
  const { upper, work, root } = diskPaths(folder);
  for (const path of [upper, work, root]) mkdirSync(path, { recursive: true, mode: 0o755 });
  if (!mounts().includes(root))
    await exec('mount', [
      ...['-t', 'overlay', 'overlay', '-o', `lowerdir=${layers.join(':')},upperdir=${upper},workdir=${work}`],
      root,
    ]);
  return root;
}

/** Mount points of this process's namespace. */
export function mounts(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path !== '')
    .map((path) => path.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
}

/** Takes all mounts below a folder away, the innermost first; those that are busy are detached. */
export async function unmountBelow(folder: string): Promise<void> {
  const found = mounts().filter((path) => path === folder || path.startsWith(`${folder}/`));
  for (const path of found.sort((a, b) => b.length - a.length)) await exec('umount', ['--lazy', path]);
}

/**
 * The layer that makes machines of an image trust the lab's authority, made once for each pair; OpenSSL's links by hash
 * included, which Python looks at.
 */
export async function trustLayer(dir: string, base: string, caPem: string): Promise<string> {
  const name = createHash('sha256').update(`${base}\n${caPem}`).digest('hex').slice(0, 12);
  const layer = join(dir, 'layers', name);
  if (existsSync(layer)) return layer;
  const draft = join(dir, 'layers', `tmp-${randomBytes(4).toString('hex')}`);
  try {
    const root = await mountRoot(draft, [base]);
    mkdirSync(join(root, 'usr/local/share/ca-certificates'), { recursive: true });
    writeFileSync(join(root, 'usr/local/share/ca-certificates/site-mesh-lab.crt'), caPem);
    await exec('chroot', [root, 'update-ca-certificates']);
    await unmountBelow(draft);
    // Somebody else's of the same name is the same.
    if (!existsSync(layer)) renameSync(diskPaths(draft).upper, layer);
    return layer;
  } finally {
    await unmountBelow(draft);
    rmSync(draft, { recursive: true, force: true });
  }
}

/** What a machine is told before its first boot, as a hypervisor tells it. */
export function seed(root: string, machine: Machine): void {
  writeFileSync(join(root, 'etc/hostname'), `${machine.name}\n`);
  writeFileSync(join(root, 'etc/hosts'), `127.0.0.1 localhost\n127.0.1.1 ${machine.name}\n::1 localhost\n`);
  writeFileSync(join(root, 'etc/machine-id'), `${randomBytes(16).toString('hex')}\n`);
  const folder = join(root, 'var/lib/cloud/seed');
  mkdirSync(folder, { recursive: true });
  const draft = join(folder, 'lab.json');
  writeFileSync(draft, JSON.stringify(seedOf(machine)), { mode: 0o600 });
}

/** `config`: user_data as an object; a machine that nobody's user_data made has what its owner set up. */
function seedOf({ userData, authorizedKeys, existing }: Machine): object {
  if (existing === undefined) {
    const config = cloudConfig(userData);
    const errors =
      config === undefined && userData.trim() !== ''
        ? ['user_data is no cloud-config that parses, so the first boot ignored it']
        : [];
    return { userData, config: config ?? {}, rootKeys: authorizedKeys, errors };
  }
  const { user, port, hostKey } = existing;
  const login =
    user === 'root'
      ? { name: 'root', ssh_authorized_keys: authorizedKeys }
      : { name: user, shell: '/bin/bash', sudo: 'ALL=(ALL) NOPASSWD:ALL', ssh_authorized_keys: authorizedKeys };
  const config = {
    users: [login],
    disable_root: user !== 'root',
    ssh_keys: { ed25519_private: hostKey },
  };
  // An installer makes a key of every kind; only this one is known to others.
  return { userData: '', config, rootKeys: [], errors: [], port, otherKeys: true };
}

function cloudConfig(userData: string): Record<string, unknown> | undefined {
  if (!/^#cloud-config\s*(\n|$)/.test(userData)) return undefined;
  try {
    const config: unknown = parse(userData);
    return typeof config === 'object' && config !== null && !Array.isArray(config) ? { ...config } : undefined;
  } catch {
    return undefined;
  }
}
