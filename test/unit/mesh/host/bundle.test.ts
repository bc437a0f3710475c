import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { bundleTool } from '../../../../mesh/host/bundle.ts';

const hasPython = spawnSync('python3', ['--version']).error === undefined;
const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(source: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const path = join(folder, 'mesh-host');
  writeFileSync(path, source);
  return spawnSync('python3', ['-I', path, ...args], { encoding: 'utf8' });
}

describe('the bundled tool', () => {
  test('has the same bytes whatever the order of the files', () => {
    const files = { 'main.py': 'a', 'b.py': 'b', '__init__.py': '' };
    const turned = Object.fromEntries(Object.entries(files).reverse());
    expect(bundleTool(turned)).toBe(bundleTool(files));
    expect(bundleTool({ ...files, 'b.py': 'c' })).not.toBe(bundleTool(files));
  });

  test('needs its entry, and takes modules only', () => {
    expect(() => bundleTool({ 'other.py': '' })).toThrow('main.py is missing');
    expect(() => bundleTool({ 'main.py': '', 'README.md': '' })).toThrow('README.md');
    expect(() => bundleTool({ 'main.py': '', '../x.py': '' })).toThrow('../x.py');
  });

  test.skipIf(!hasPython)(
    'runs its modules, hands on its arguments and ends with what main answers (needs python3)',
    () => {
      const source = bundleTool({
        '__init__.py': '',
        'words.py': 'def shout(words):\n    return " ".join(words).upper()\n',
        'main.py': 'from mesh_host import words\n\n\ndef main(argv):\n    print(words.shout(argv))\n    return 7\n',
      });
      expect(run(source, 'a', 'b')).toMatchObject({ status: 7, stdout: 'A B\n', stderr: '' });
    },
  );

  test.skipIf(!hasPython)('names module and line of a fault (needs python3)', () => {
    const source = bundleTool({ 'main.py': 'def main(argv):\n    raise KeyError("x")\n' });
    expect(run(source).stderr).toContain('File "mesh_host/main.py", line 2, in main');
  });

  test.skipIf(!hasPython)('does not find a module that is not in it (needs python3)', () => {
    const { status, stderr } = run(bundleTool({ 'main.py': 'import mesh_host.missing\n' }));
    expect(status).toBe(1);
    expect(stderr).toContain("No module named 'mesh_host.missing'");
  });

  test.skipIf(!hasPython)('carries any text unchanged (needs python3)', () => {
    const odd = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(odd, (text) => {
        const main = `import json, sys\n\n\ndef main(argv):\n    print(json.dumps(__loader__.get_source("mesh_host.data")))\n    return 0\n`;
        expect(JSON.parse(run(bundleTool({ 'main.py': main, 'data.py': text })).stdout)).toBe(text);
      }),
      { numRuns: 10 },
    );
  });
});

describe.skipIf(!hasPython)('what the tool keeps compiled beside itself (needs python3)', () => {
  const says = (word: string): string =>
    bundleTool({ 'main.py': `def main(argv):\n    print("${word}")\n    return 0\n` });
  const kept = (): string => {
    const name = readdirSync(folder).find((file) => file.startsWith('modules.'));
    return join(folder, name ?? 'nothing kept');
  };
  /** Another word of the same length in what is kept, with or without the sum over it put right. */
  function change(sum: boolean): void {
    const data = readFileSync(kept());
    const body = data.subarray(4 + 32 + 4);
    body.write('other', body.indexOf('first'));
    if (sum) data.writeUInt32BE(crc32(body), 4 + 32);
    writeFileSync(kept(), data);
  }
  beforeEach(() => rmSync(kept(), { force: true }));

  test('is used at the next start', () => {
    expect(run(says('first')).stdout).toBe('first\n');
    change(true);
    expect(run(says('first')).stdout).toBe('other\n');
  });

  test('is made anew when a byte of it is another', () => {
    run(says('first'));
    const good = readFileSync(kept());
    change(false);
    expect(run(says('first')).stdout).toBe('first\n');
    expect(readFileSync(kept())).toEqual(good);
    writeFileSync(kept(), good.subarray(0, 20));
    expect(run(says('first')).stdout).toBe('first\n');
    expect(readFileSync(kept())).toEqual(good);
  });

  test('is that of these sources and of this Python only', () => {
    run(says('first'));
    expect(run(says('second')).stdout).toBe('second\n');
    const data = readFileSync(kept());
    data[0] = (data[0] ?? 0) ^ 1;
    writeFileSync(kept(), data);
    expect(run(says('second')).stdout).toBe('second\n');
  });

  test('need not be: what cannot be written is left', () => {
    const name = spawnSync('python3', ['-c', 'import sys; print(sys.implementation.cache_tag)'], { encoding: 'utf8' });
    const blocked = join(folder, `modules.${name.stdout.trim()}`);
    mkdirSync(blocked);
    expect(run(says('first'))).toMatchObject({ status: 0, stdout: 'first\n', stderr: '' });
    expect(readdirSync(folder).filter((file) => file.startsWith('modules.'))).toEqual([basename(blocked)]);
    rmSync(blocked, { recursive: true });
  });
});
