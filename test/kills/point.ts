import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { armHold, releaseHold } from '../../lab/control.ts';
import { inventory, missingFrom } from './inventory.ts';
import type { Ended, Rig, Started } from './rig.ts';
import { kill, type Victim } from './victims.ts';

export type Run = 'up' | 'destroy';

/** One moment to be cut off at. */
export interface Point {
  run: Run;
  /** The change at which it happens, counted from 1; with `of`, among those that it is part of. */
  nth: number;
  of?: string;
  /** `answer`: the change is made, nobody hears of it. `nothing`: it is answered, then the victim dies. */
  before: 'answer' | 'nothing';
  victim: Victim;
}

export interface Outcome {
  point: Point;
  /** The change that was reached; undefined when the run ended before. */
  at?: string;
  /** What recover did, in a word or two. */
  did: string;
  /** Empty when all is as it should be. */
  faults: string[];
  seconds: number;
}

/** What an undisturbed run does, and what is there after it. */
export interface Measure {
  changes: string[];
  wanted: string[];
}

const PATIENCE_MS = 120_000;
const LOOK_MS = 2;

/** An undisturbed run, from a saved lab. */
export async function measure(rig: Rig, run: Run, from: string): Promise<Measure> {
  await rig.restore(from);
  const since = rig.logSize;
  const ended = await go(rig, run).ended;
  if (ended.code !== 0) throw new Error(`the undisturbed ${run} failed:\n${ended.text}`);
  return { changes: rig.events('change', since), wanted: inventory(rig.lab) };
}

export const go = (rig: Rig, run: Run): Started => rig.pulumi(run, '--yes', '--skip-preview', '--suppress-outputs');

/** Cuts a run off at a point; answers what it was at, undefined when it ended before. */
export async function cutOff(rig: Rig, { run, nth, of, before, victim }: Point): Promise<string | undefined> {
  const since = rig.logSize;
  await armHold(rig.lab, { nth, of, before });
  const started = go(rig, run);
  const engine = { over: false };
  void started.ended.then(() => (engine.over = true));
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const [held] = rig.events('held', since);
    if (held !== undefined) {
      kill(victim, rig, started, held);
      if (victim !== 'lab') await releaseHold(rig.lab);
      // Without its lab or its plugin an engine fails by itself; one that waits for more is told to.
      const nudge = setTimeout(() => started.child.kill('SIGINT'), 15_000);
      await started.ended;
      clearTimeout(nudge);
      return held;
    }
    if (engine.over || Date.now() > deadline) {
      await releaseHold(rig.lab);
      started.child.kill('SIGKILL');
      return undefined;
    }
    await sleep(LOOK_MS);
  }
}

const report = z.looseObject({
  outcome: z.string(),
  done: z.array(z.string()),
  questions: z.array(z.looseObject({ urn: z.string(), what: z.string() })),
  blind: z.array(z.string()),
});

/** A point, whole: cut off, recover, run again, and look whether all is as if nothing had happened. */
export async function runPoint(rig: Rig, point: Point, from: string, wanted: readonly string[]): Promise<Outcome> {
  const began = performance.now();
  await rig.restore(from);
  const at = await cutOff(rig, point);
  const faults: string[] = [];
  const recovered = await rig.mesh('recover', rig.stack, '--lab', '--yes', '--json').ended;
  const did = toldBy(recovered, faults);
  const again = await go(rig, point.run).ended;
  if (again.code !== 0) faults.push(`${point.run} after recover failed: ${lastErrors(again.text)}`);
  else if (point.run === 'up') {
    const preview = await rig.pulumi('preview', '--expect-no-changes', '--suppress-outputs').ended;
    if (preview.code !== 0) faults.push(`the preview is not without changes: ${preview.text.slice(-800)}`);
  }
  const now = inventory(rig.lab);
  const [missing, surplus] = [missingFrom(now, wanted), missingFrom(wanted, now)];
  if (missing.length > 0) faults.push(`missing: ${missing.join('; ')}`);
  if (surplus.length > 0) faults.push(`too much: ${surplus.join('; ')}`);
  return {
    point,
    ...(at !== undefined && { at }),
    did,
    faults,
    seconds: (performance.now() - began) / 1000,
  };
}

function toldBy({ code, stdout, text }: Ended, faults: string[]): string {
  let told: z.output<typeof report>;
  try {
    told = report.parse(JSON.parse(stdout));
  } catch {
    faults.push(`recover failed (${code}): ${text.slice(-800)}`);
    return 'failed';
  }
  if (code !== 0)
    faults.push(`recover ended with ${code}: ${[...told.questions.map(({ what }) => what), ...told.blind].join('; ')}`);
  const of = (start: string): number => told.done.filter((line) => line.startsWith(start)).length;
  const parts = [
    [of('took the lock off'), 'unlocked'],
    [of('recorded'), `recorded ${of('recorded')}`],
    [of('forgot'), `forgot ${of('forgot')}`],
    [of('refreshed'), told.done.find((line) => line.startsWith('refreshed'))?.replace(/ records?$/, '') ?? ''],
  ] as const;
  return parts.flatMap(([count, word]) => (count > 0 ? [word] : [])).join(', ') || 'nothing to do';
}

/** The errors that the engine showed, without its trees. */
function lastErrors(text: string): string {
  const lines = text.split('\n').filter((line) => /error|fail/i.test(line));
  return [...new Set(lines.map((line) => line.trim()))].slice(-6).join(' | ').slice(0, 900);
}
