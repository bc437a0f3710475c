import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
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
