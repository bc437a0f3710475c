import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Folder } from './cli.ts';

/** What goes wrong around a lab, and what a person then reads. In order: each test begins where the one before ended. */
let folder: Folder;
beforeAll(() => {
  folder = new Folder();
});
afterAll(() => folder.remove());

async function daemon(): Promise<number> {
  const status = await folder.mesh('lab', 'status', '--json');
  return z.object({ running: z.literal(true), pid: z.number() }).parse(JSON.parse(status.stdout)).pid;
}

test('a fault that is switched on fails try on that host with the reason, and lab status shows it', async () => {
  expect((await folder.mesh('lab', 'up')).code).toBe(0);
  expect((await folder.mesh('lab', 'status')).stdout).toMatch(/faults +none/);
  expect((await folder.mesh('lab', 'fault', 'set', 'flip-byte', 'fra-edge-02')).code).toBe(0);

  const ended = await folder.try('--fresh').ended;
  expect(ended.code, ended.text).toBe(1);
  expect(ended.text).toMatch(/HostRelease \(?fra-edge-02.*changed on the way/s);
  expect(ended.text).not.toMatch(/fra-edge-01.*changed on the way/);
  expect(ended.stderr).toContain('mesh lab fault clear');
  expect((await folder.mesh('lab', 'status')).stdout).toMatch(/faults +flip-byte on fra-edge-02/);
});

test('with the fault cleared the next try goes on and passes, and the lab stays', async () => {
  expect((await folder.mesh('lab', 'fault', 'clear')).code).toBe(0);
  const ended = await folder.try().ended;
  expect(ended.code, ended.text).toBe(0);
  expect(ended.text).toMatch(/\+ \d+ created\n +\d+ unchanged/);
  expect(ended.text).toContain('All of it works.');
  expect(await daemon()).toBeGreaterThan(0);
});

test('a lab that was killed hard comes back with what it had', async () => {
  const killed = await daemon();
  process.kill(killed, 'SIGKILL');
  expect(await folder.leftovers()).toEqual([]);
  const ended = await folder.try().ended;
  expect(ended.code, ended.text).toBe(0);
  const [, up = ''] = ended.text.split(/^3\/5/m);
  expect(up).toMatch(/Resources:\n +\d+ unchanged/);
  expect(up).not.toMatch(/\d+ (created|updated)/);
  expect(await daemon()).not.toBe(killed);
});

test('a port of the lab that somebody else took: exit 4, who has it, and the way out; free again, it works', async () => {
  expect((await folder.mesh('lab', 'down')).code).toBe(0);
  const { apiPort } = z
    .object({ apiPort: z.number() })
    .parse(JSON.parse(readFileSync(join(folder.lab, 'lab.json'), 'utf8')));
  const blocker = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => blocker.listen(apiPort, '127.0.0.1', resolve));
  try {
    for (const args of [['try'], ['env', 'staging'], ['lab', 'up']]) {
      const ended = await folder.mesh(...args);
      expect(ended.code, ended.text).toBe(4);
      expect(ended.stderr).toMatch(new RegExp(`^mesh: 127\\.0\\.0\\.1:${apiPort}, .* is taken by .*lab\\.json`, 'm'));
      expect(ended.stderr).not.toMatch(/ at .*\.ts:\d+/);
    }
    expect(await folder.leftovers()).toEqual([]);
  } finally {
    await new Promise((resolve) => blocker.close(resolve));
  }
  expect((await folder.mesh('lab', 'up')).code).toBe(0);
});
