import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { lackingForMachines } from '../../../lab/machines/machine/needs.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesh-needs-'));
for (const name of ['systemd-nspawn', 'nsenter', 'mount', 'tun']) {
  writeFileSync(join(folder, name), '');
  chmodSync(join(folder, name), 0o755);
}
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const whole = { platform: 'linux', uid: 0, path: `/nowhere:${folder}`, tun: join(folder, 'tun') };

test('a computer that has all lacks nothing', () => {
  expect(lackingForMachines(whole)).toEqual([]);
});

test.each([
  [{ platform: 'darwin', path: '' }, ['Linux']],
  [{ uid: 1000 }, ['root']],
  [{ tun: '/nowhere/tun' }, ['/nowhere/tun (modprobe tun)']],
  [
    { path: '/nowhere', uid: undefined },
    [
      'root',
      'systemd-nspawn (Debian package systemd-container)',
      'nsenter (Debian package util-linux)',
      'mount (Debian package mount)',
    ],
  ],
])('what it lacks is named with the way to get it: %j', (less, lacking) => {
  expect(lackingForMachines({ ...whole, ...less })).toEqual(lacking);
});
