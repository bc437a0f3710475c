import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TREE } from '../../cli/paths.ts';
import { labName } from '../../lab/machines/world.ts';
import { Folder, Running } from '../engine/cli.ts';
import { namespaces } from './net/kernel.ts';
import { DAEMONS, describeWith, MACHINES } from './requirements.ts';

describeWith([...MACHINES, ...DAEMONS], 'mesh lab demo', () => {
  let folder: Folder;
  let lab = '';
  const demo = (...args: string[]): Running =>
    new Running(join(TREE, 'bin', 'mesh'), ['lab', 'demo', ...args], { env: folder.env });
  const left = async (): Promise<unknown> => ({
    processes: await folder.leftovers(),
    namespaces: namespaces(lab),
    files: existsSync(`${folder.lab}-demo`),
  });
  const NOTHING = { processes: [], namespaces: [], files: false };

  beforeEach(() => {
    folder = new Folder();
    mkdirSync(`${folder.lab}-demo`);
    lab = labName(`${folder.lab}-demo`);
  });
  afterEach(() => folder.remove());

  // It holds its own controls: it ends badly when a denied port answers, or when a large transfer passes without the clamp.
  test('shows all that it promises, each with its control, and leaves nothing', async () => {
    const { code, text } = await demo().ended;
    expect(code, text).toBe(0);
    for (const line of [
      /9 machines run: \d+ resources in [\d.]+ s/,
      /10\.79\.20\.0\/24 carried by gra-edge-01/,
      /ca-bhs +– +9\d\.\d ms, \d/,
      /✗ fra-app-01 → gra-app-01:8081 timed out: the filter on gra-edge-01 dropped \d+ packets/,
      /✓ gra-edge-02 carries eu-gra now: \d\.\d s/,
      /✓ gra-edge-01 has power again and is back as standby/,
      /✗ IPv4 .*200000 bytes: connected, 0 came, then silence/,
      /✗ IPv6 .*200000 bytes: connected, 0 came, then silence/,
      /✓ IPv4 .*200000 bytes in \d+ ms \(segments of 1228 bytes\)/,
      /✓ IPv6 .*200000 bytes in \d+ ms \(segments of 1208 bytes\)/,
    ])
      expect(text).toMatch(line);
    expect(await left()).toEqual(NOTHING);
  }, 300_000);

  test('Ctrl-C in the middle of it leaves nothing; one that was killed is taken away by the next', async () => {
    const killed = demo();
    await killed.says(/boots/);
    killed.signalGroup('SIGKILL');
    await killed.ended;
    expect(await left()).not.toEqual(NOTHING);
    const next = demo();
    await next.says(/fra-edge-01 boots/);
    next.signalGroup('SIGINT');
    const { code, text } = await next.ended;
    expect(code, text).toBe(130);
    expect(text).toContain('interrupted; all that the demo made is gone');
    expect(await left()).toEqual(NOTHING);
  });
});
