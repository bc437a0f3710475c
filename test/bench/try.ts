import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TREE } from '../../cli/paths.ts';
import { columns } from '../../cli/render/style.ts';
import { timed } from './measure.ts';

/** `mesh try` as a visitor runs it: an empty lab, then again on what was built. The engine is there already. */
export async function benchTry(): Promise<string> {
  const rows: string[][] = [];
  for (const stack of ['staging', 'prod']) {
    const dir = mkdtempSync(join(tmpdir(), 'site-mesh-bench-'));
    const env = { ...process.env, MESH_LAB_DIR: join(dir, 'lab'), MESH_LAB_PACE: undefined };
    try {
      const cold = await timed(() => mesh(['try', '--stack', stack], env));
      const warm = await timed(() => mesh(['try', '--stack', stack], env));
      rows.push([stack, (cold / 1000).toFixed(1), (warm / 1000).toFixed(1)]);
    } finally {
      await mesh(['lab', 'down'], env);
      rmSync(dir, { recursive: true, force: true });
    }
  }
  return columns(['mesh try', 'nothing built, s', 'again, s'], rows);
}

function mesh(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(TREE, 'bin', 'mesh'), [...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`mesh ${args.join(' ')} ended with ${code ?? 'a signal'}`));
    });
  });
}
