import { mkdirSync, rmdirSync, rmSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { labDown } from '../../lab/control.ts';
import { Inside } from '../../lab/machines/inside/index.ts';
import { CliError, EXIT } from '../exit.ts';
import { prepareLab } from '../lab/prepare.ts';
import { holdTry } from '../lab/turns.ts';
import { ofLab } from '../live/reach.ts';
import { openReach } from '../live/open.ts';
import type { Progress } from '../progress.ts';
import { bold, dim, green } from '../render/style.ts';
import { readStackFile } from '../stack-file.ts';
import { blackHole } from './black-hole.ts';
import { build } from './build.ts';
import { carriers } from './carriers.ts';
import { denied } from './denied.ts';
import { distances } from './distances.ts';
import { failover } from './failover.ts';
import { Say } from './say.ts';
import type { Scene } from './scene.ts';

const STACK = 'demo';
const ENGINE_MS = 20_000;
const STEPS = [build, carriers, distances, denied, failover, blackHole] as const;

export interface DemoOptions {
  /** A directory of the demo's own: what is in it is taken away, before and after. */
  dir: string;
  /** Leave it running at the end. */
  keep: boolean;
  progress: Progress;
  signal: AbortSignal;
}

/**
 * Builds three sites of machines, shows what they do, and takes them away, whatever happens.
 * @throws CliError (failed) when something is not as the demo says, (interrupted) after an abort
 */
export async function demo(options: DemoOptions): Promise<void> {
  const { dir, keep, progress, signal } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  holdTry(dir);
  // A demo that was killed left it.
  await takeAway(dir);
  const say = new Say(STEPS.length + 1);
  say.lines(
    `${bold('One private network over three sites, on this machine.')} Nothing leaves it: clouds, internet, tailnet and 9 Debian machines`,
    `are made here and taken away at the end. ${dim('Ctrl-C ends it at any time.')}`,
  );
  let kept = false;
  const work = play({ dir, progress, signal, say });
  try {
    await untilAborted(signal, work);
    kept = keep;
  } catch (error) {
    if (!signal.aborted) {
      kept = keep;
      throw error;
    }
  } finally {
    if (!kept) {
      if (!signal.aborted) say.step('Cleaning up');
      await labDown(dir);
      // An engine whose clouds are gone ends soon, and writes its state until then.
      await Promise.race([work.catch(() => undefined), sleep(ENGINE_MS, undefined, { ref: false })]);
      await takeAway(dir);
      process.once('exit', () => rmdirIfEmpty(dir));
    }
  }
  if (signal.aborted) throw new CliError(EXIT.interrupted, 'interrupted; all that the demo made is gone');
  say.good(
    kept
      ? `it runs on in ${dir}`
      : 'machines, networks, processes and files are gone: nothing of it is left on this machine',
  );
  say.lines('', `${green('That was all of it')} ${dim(`${say.seconds.toFixed(0)} s`)}`, ...next(dir, kept));
}

async function play({ dir, progress, signal, say }: Omit<DemoOptions, 'keep'> & { say: Say }): Promise<void> {
  const file = readStackFile(STACK, import.meta.dirname);
  const check = (): void => signal.throwIfAborted();
  const lab = await prepareLab(STACK, progress, { labDir: dir, file, machines: true, check });
  const inside = new Inside(dir);
  try {
    const scene: Scene = { lab, stack: await openReach(ofLab(STACK, lab)), inside, say, signal };
    for (const step of STEPS) {
      signal.throwIfAborted();
      await step(scene);
    }
  } finally {
    inside.close();
  }
}

/** Does not wait for what is under way: the machines that it waits for go away next. */
async function untilAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  work.catch(() => undefined);
  await Promise.race([work, aborted]);
}

/** All of it but the lock that this process holds. */
async function takeAway(dir: string): Promise<void> {
  await labDown(dir);
  for (const name of readdirSync(dir))
    if (!name.startsWith('try.lock')) rmSync(join(dir, name), { recursive: true, force: true });
}

function rmdirIfEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch {
    // Somebody else's demo has begun.
  }
}

function next(dir: string, kept: boolean): string[] {
  if (!kept)
    return ['', '   npm run try -- --machines --stack prod    the production stack of this repository, the same way'];
  const here = `MESH_LAB_DIR=${dir} npx mesh lab`;
  return [
    '',
    `   ${here} status                       machines and links`,
    `   ${here} exec fra-app-01 -- ping -c 3 10.79.20.20`,
    `   ${here} kill gra-edge-01             a power failure`,
    `   npx mesh lab demo                    takes it away and begins anew`,
  ];
}
