import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EXIT } from '../../../cli/exit.ts';
import { TREE } from '../../../cli/paths.ts';
import { describeWith, MACHINES } from '../requirements.ts';

describeWith(MACHINES, 'a lab of machines where something for them is missing', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mesh-without-'));
  });
  afterEach(() => {
    mesh([], 'down');
    rmSync(dir, { recursive: true, force: true });
  });

  /** `mesh lab …`, started by another program. */
  const mesh = (by: string[], ...args: string[]): { code: number | null; text: string } => {
    const [program = '', ...rest] = [...by, join(TREE, 'bin', 'mesh'), 'lab', ...args];
    const { status, stdout, stderr } = spawnSync(program, rest, {
      encoding: 'utf8',
      env: { ...process.env, MESH_LAB_DIR: dir, NO_COLOR: '1' },
    });
    return { code: status, text: stdout + stderr };
  };

  test.each([
    // Nobody in particular, although the files are still root's.
    ['root', ['unshare', '--user'], 'machines need root; '],
    [
      '/dev/net/tun',
      ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /dev/net && exec "$0" "$@"'],
      'machines need /dev/net/tun (modprobe tun); ',
    ],
  ])('without %s says so, and leaves the way to the lab of records open', (_what, by, words) => {
    const { code, text } = mesh(by, 'up', '--machines');
    expect({ code, text }).toMatchObject({ code: EXIT.lab });
    expect(text).toContain(`${words}without them there is the lab of records: mesh lab up`);
    expect(readdirSync(dir)).toEqual([]);
    expect(mesh([], 'up')).toMatchObject({ code: 0 });
    expect(existsSync(join(dir, 'machines'))).toBe(false);
  });
});
