// Runs inside vitest: tries the mutants of one share, in the one process, against the tests that reach them.
import { appendFileSync } from 'node:fs';
import fc from 'fast-check';
import { inject, test, vi } from 'vitest';
import { collect, type Collected } from './collect.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    mutation: Share;
  }
}

export interface Share {
  /** Absolute paths of test files. */
  tests: string[];
  /** Numbers of the mutants to try. */
  mutants: number[];
  /** Only a glance: every property for GLANCE_MS, never in full. Tells some survivors too many, never one too few. */
  glance: boolean;
  /** Where answers go, one JSON a line. */
  out: string;
}

export type Outcome =
  | { broken: string }
  | { baseline: { tests: number; failing: string[] } }
  | { mutant: number; fate: 'killed' | 'survived' | 'unreached'; by?: string };

/** How long a property is tried at first, in milliseconds. Most mutants are noticed within it; in full, all of them take a third of a minute. */
const GLANCE_MS = 100;

/** More rounds than any test needs; a mutant that loops for ever is noticed by it. */
const ROUNDS = 20_000_000;

const state = { active: -1, rounds: 0, reached: new Set<number>() };
Object.assign(globalThis, {
  $mutation: {
    at: (id: number): boolean => {
      state.reached.add(id);
      return id === state.active;
    },
    tick: (): void => {
      state.rounds += 1;
      if (state.rounds > ROUNDS) throw new Error('a loop does not end');
    },
  },
});

interface Known extends Collected {
  file: string;
  reached: ReadonlySet<number>;
  ms: number;
  /** Mutants that it noticed. */
  kills: number;
  /** Whether it passes at a glance, too: some count what their properties have seen. */
  glances: boolean;
}

const { tests: files, mutants, glance, out } = inject('mutation');
const say = (outcome: Outcome): void => appendFileSync(out, `${JSON.stringify(outcome)}\n`);
// The same runs of every property for every mutant, and no search for the smallest counterexample.
const inFull = (): void => fc.configureGlobal({ seed: 1, endOnFailure: true });
// The plugin that took their place cannot be given to all properties at once.
const GLANCE = { interruptAfterTimeLimit: GLANCE_MS, markInterruptAsFailure: false };
const atAGlance = (): void => fc.configureGlobal({ seed: 1, endOnFailure: true, ...GLANCE });

/** A file's tests, made by the code as it is now. */
async function load(file: string): Promise<Collected[]> {
  vi.resetModules();
  state.rounds = 0;
  return collect(() => import(/* @vite-ignore */ file));
}

/** What it fails with; undefined: it passes. */
async function run({ work, around }: Collected): Promise<string | undefined> {
  state.rounds = 0;
  try {
    for (const { before } of around) for (const one of before) await one();
    for (const { each } of around) for (const one of each) await one();
    await work();
    for (const { after } of around.toReversed()) for (const one of after) await one();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test('mutants', async () => {
  try {
    await tryAll();
  } catch (error) {
    say({ broken: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}, 0);

async function tryAll(): Promise<void> {
  inFull();
  const known: Known[] = [];
  const loading = new Map<string, ReadonlySet<number>>();
  const failing: string[] = [];
  for (const file of files) {
    state.reached = new Set();
    const found = await load(file);
    loading.set(file, state.reached);
    for (const one of found) {
      state.reached = new Set();
      const start = performance.now();
      const failure = await run(one);
      known.push({ ...one, file, reached: state.reached, ms: performance.now() - start, kills: 0, glances: true });
      if (failure !== undefined) failing.push(`${file} › ${one.name}: ${failure}`);
    }
  }
  say({ baseline: { tests: known.length, failing } });
  if (failing.length > 0) return;
  atAGlance();
  for (const one of known) one.glances = (await run(one)) === undefined;
  const glancing = known.filter(({ glances }) => glances);
  for (const mutant of mutants) {
    state.active = mutant;
    atAGlance();
    let by = await killerOf(mutant, glancing);
    inFull();
    by ??= await loadingKillerOf(mutant, loading);
    if (!glance) by ??= await killerOf(mutant, known);
    state.active = -1;
    const reached =
      known.some((one) => one.reached.has(mutant)) || [...loading.values()].some((some) => some.has(mutant));
    say({
      mutant,
      fate: by !== undefined ? 'killed' : reached ? 'survived' : 'unreached',
      ...(by !== undefined && { by }),
    });
  }
}

/** The fastest first, and of those sooner the ones that noticed others: neighbours are mostly noticed by the same test. */
async function killerOf(mutant: number, known: readonly Known[]): Promise<string | undefined> {
  const cost = ({ ms, kills }: Known): number => ms / (1 + kills);
  const reaching = known.filter(({ reached }) => reached.has(mutant)).sort((a, b) => cost(a) - cost(b));
  for (const one of reaching) {
    if ((await run(one)) === undefined) continue;
    one.kills += 1;
    return one.name;
  }
  return undefined;
}

/** What a module computes as it is loaded is computed again, mutant and all. */
async function loadingKillerOf(
  mutant: number,
  loading: ReadonlyMap<string, ReadonlySet<number>>,
): Promise<string | undefined> {
  for (const [file, reached] of loading) {
    if (!reached.has(mutant)) continue;
    try {
      for (const one of await load(file)) if ((await run(one)) !== undefined) return one.name;
    } catch {
      return `loading ${file}`;
    }
  }
  return undefined;
}
