import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CliError, EXIT } from '../../../../cli/exit.ts';
import { program } from '../../../../cli/program.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-graph-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const mesh = (...args: string[]) => program().parseAsync(['node', 'mesh', 'graph', ...args]);

describe('mesh graph', () => {
  test('writes a picture where it is told to, in the format it is told', async () => {
    await mesh('staging', '--out', join(dir, 'mesh.svg'));
    await mesh('staging', '--out', join(dir, 'mesh.dot'), '--format', 'dot');
    expect(readFileSync(join(dir, 'mesh.svg'), 'utf8')).toMatch(/^<svg .*\n.*acme\/staging/);
    expect(readFileSync(join(dir, 'mesh.dot'), 'utf8')).toMatch(/^digraph "acme\/staging" \{\n/);
  });

  test('a file that cannot be written, or a stack that is not there, is a fault of the command line', async () => {
    const out = join(dir, 'nowhere', 'mesh.svg');
    await expect(mesh('staging', '--out', out)).rejects.toMatchObject({ code: EXIT.usage });
    await expect(mesh('staging', '--out', out)).rejects.toThrow(`--out ${out}: ENOENT`);
    await expect(mesh('stagin')).rejects.toBeInstanceOf(CliError);
  });
});
