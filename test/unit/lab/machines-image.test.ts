import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { imageNames, machinesCache, obtainBase } from '../../../lab/machines/image/base.ts';
import { debianMirror } from '../../../lab/machines/image/mirror.ts';
import { LANDMARKS, recipeHash } from '../../../lab/machines/image/recipe.ts';

/** Stands for debootstrap: notes its arguments, makes what an image is known by, and then what the test says. */
const fake = (log: string, then: string): string => `#!/bin/sh
echo "$@" >> ${log}
for root; do case $root in */root) break ;; esac; done
echo "I: Retrieving base-files"
for file in ${LANDMARKS.join(' ')} etc/machine-id etc/ssh/ssh_host_rsa_key; do mkdir -p "$root/$(dirname $file)"; echo x > "$root/$file"; done
mkdir -p "$root/etc/systemd/system" "$root/var/lib/apt/lists"
${then}
`;

describe('the base image of machines', () => {
  let folder: string;
  let log: string;
  let cacheDir: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mesh-image-'));
    [log, cacheDir] = [join(folder, 'log'), join(folder, 'cache')];
    vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH ?? ''}`);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  const debootstrap = (then = ''): void => writeFileSync(join(folder, 'debootstrap'), fake(log, then), { mode: 0o755 });
  const runs = (): number => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0);
  const entries = (): string[] => readdirSync(cacheDir).filter((name) => name !== 'lock');

  test('is made once, checked by Debian’s keys, and has no identity of its own', async () => {
    debootstrap();
    const progress: string[] = [];
    const root = await obtainBase('debian-12', { cacheDir, onProgress: (message) => progress.push(message) });
    expect(root).toBe(join(cacheDir, `debian-12-${recipeHash('debian-12')}`, 'root'));
    expect(readFileSync(log, 'utf8')).toMatch(/^--force-check-gpg .*\bsystemd,.* bookworm \S+\/root http/);
    expect(readFileSync(join(root, 'etc/machine-id'), 'utf8')).toBe('');
    expect(existsSync(join(root, 'etc/ssh/ssh_host_rsa_key'))).toBe(false);
    expect(await obtainBase('debian-12', { cacheDir })).toBe(root);
    expect(runs()).toBe(1);
    // Control: another image is another one.
    await obtainBase('debian-13', { cacheDir });
    expect(runs()).toBe(2);
  });

  test('is made once by two at the same time', async () => {
    debootstrap('sleep 0.3');
    const [one, two] = await Promise.all([
      obtainBase('debian-12', { cacheDir }),
      obtainBase('debian-12', { cacheDir }),
    ]);
    expect(one).toBe(two);
    expect(runs()).toBe(1);
  });

  test('is made again when something of it is missing', async () => {
    debootstrap();
    const root = await obtainBase('debian-12', { cacheDir });
    rmSync(join(root, LANDMARKS[0] ?? ''));
    const progress: string[] = [];
    await obtainBase('debian-12', { cacheDir, onProgress: (message) => progress.push(message) });
    expect(runs()).toBe(2);
    expect(progress.join()).toContain('damaged');
    expect(existsSync(join(root, LANDMARKS[0] ?? ''))).toBe(true);
  });

  test('leaves nothing half made behind when debootstrap fails, and says what it said', async () => {
    debootstrap('echo "E: Failed getting release file http://mirror/Release" >&2; exit 1');
    await expect(obtainBase('debian-12', { cacheDir })).rejects.toThrow(
      /debootstrap of bookworm.*Failed getting release/,
    );
    expect(entries()).toEqual([]);
    debootstrap();
    await obtainBase('debian-12', { cacheDir });
  });

  test('leaves nothing behind when it is cancelled, nor what a killed run has left', async () => {
    debootstrap('sleep 30');
    mkdirSync(join(cacheDir, 'tmp-left'), { recursive: true });
    const reason = new Error('enough');
    const controller = new AbortController();
    const making = obtainBase('debian-12', { cacheDir, signal: controller.signal });
    await vi.waitFor(() => expect(runs()).toBe(1));
    controller.abort(reason);
    await expect(making).rejects.toBe(reason);
    expect(entries()).toEqual([]);
  });

  test('needs debootstrap, and says which package brings it', async () => {
    await expect(obtainBase('debian-12', { cacheDir, path: '/nowhere' })).rejects.toThrow(/Debian package debootstrap/);
  });

  test('is named, and an unknown one refused', async () => {
    expect(imageNames).toEqual(['debian-12', 'debian-13']);
    await expect(obtainBase('windows', { cacheDir })).rejects.toThrow(
      /no image windows; there are debian-12, debian-13/,
    );
    expect(machinesCache({ XDG_CACHE_HOME: '/c' })).toBe('/c/site-mesh/machines');
    expect(machinesCache({ HOME: '/h', XDG_CACHE_HOME: 'relative' })).toBe('/h/.cache/site-mesh/machines');
  });
});

describe('the mirror of Debian', () => {
  const found = (files: Record<string, string>): string => {
    const folder = mkdtempSync(join(tmpdir(), 'mesh-apt-'));
    mkdirSync(join(folder, 'sources.list.d'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    try {
      return debianMirror(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  test.each([
    [
      'one line each',
      {
        'sources.list': '# deb http://old/debian x main\ndeb [arch=amd64] https://one.example/debian/ bookworm main\n',
      },
      'https://one.example/debian',
    ],
    [
      'deb822',
      { 'sources.list.d/debian.sources': 'Types: deb\nURIs: http://two.example/debian\nSuites: bookworm\n' },
      'http://two.example/debian',
    ],
    [
      'others only',
      { 'sources.list': 'deb http://archive.ubuntu.com/ubuntu noble main\n' },
      'http://deb.debian.org/debian',
    ],
    [
      'not a list',
      { 'sources.list.d/debian.bak': 'deb http://three.example/debian x main\n' },
      'http://deb.debian.org/debian',
    ],
    ['nothing', {}, 'http://deb.debian.org/debian'],
  ])('is that of the machine’s own apt: %s', (_, files, mirror) => {
    expect(found(files as Record<string, string>)).toBe(mirror);
  });
});
