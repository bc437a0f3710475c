import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { labPaths } from '../../cli/lab/environment.ts';
import { TREE } from '../../cli/paths.ts';
import { removeTorn, tornFiles } from '../../cli/recover/torn.ts';
import type { Bench } from './bench.ts';

/**
 * Starts an up and kills its engine, hard, as soon as `look` sees something; answers that.
 * @throws Error when it sees nothing within a minute; the engine is killed then too
 */
export async function upKilledWhen<T>(bench: Bench, what: string, look: () => Promise<T | undefined>): Promise<T> {
  const engine = spawn(bench.lab.cli, ['up', '--yes', '--skip-preview'], {
    cwd: TREE,
    env: bench.lab.env,
    stdio: 'ignore',
  });
  const ended = once(engine, 'exit');
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    const seen = await look();
    if (seen !== undefined) {
      engine.kill('SIGKILL');
      await ended;
      // A kill now and then tears this file too, which is another fault (recover.test.ts): nothing could be read then.
      await removeTorn(await tornFiles(labPaths(bench.dir, bench.stack).backend, 'site-mesh', bench.stack));
      return seen;
    }
    await sleep(20);
  }
  engine.kill('SIGKILL');
  throw new Error(`${what} within a minute`);
}
