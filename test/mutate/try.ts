import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startVitest } from 'vitest/node';
import type { Outcome, Share } from './driver.ts';
import { instrument, type Mutant } from './mutants.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const COLLECT = join(import.meta.dirname, 'collect.ts');
const DRIVER = join(import.meta.dirname, 'driver.ts');

/** Sources with all of their mutants in them. */
export class Subject {
  readonly mutants: Mutant[] = [];
  /** Absolute path → code. */
  readonly code = new Map<string, string>();

  /** @param files paths from the root of the tree */
  constructor(files: readonly string[]) {
    for (const file of files) {
      const path = join(ROOT, file);
      const { mutants, code } = instrument(file, readFileSync(path, 'utf8'), this.mutants.length);
      this.mutants.push(...mutants);
      this.code.set(path, code);
    }
  }
}

export interface Fate {
  mutant: Mutant;
  /** `unreached`: no test runs that line at all. */
  fate: 'killed' | 'survived' | 'unreached';
}

/**
 * Tries mutants against tests, all in one process, each by the tests that reach it, the fastest first.
 * @param tests paths of test files from the root of the tree
 * @param chosen numbers of the mutants to try
 * @param options `glance`: properties are only tried for a moment each; quick, but some that survive would be noticed in full
 * @throws Error when a test fails without any mutant, or the run breaks off
 */
export async function tryMutants(
  subject: Subject,
  tests: readonly string[],
  chosen: readonly number[],
  { glance = false } = {},
): Promise<Fate[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-mutate-'));
  const out = join(folder, 'outcomes');
  const share: Share = { tests: tests.map((file) => join(ROOT, file)), mutants: [...chosen], glance, out };
  try {
    const vitest = await startVitest(
      [],
      {
        root: ROOT,
        config: false,
        include: [DRIVER],
        watch: false,
        maxWorkers: 1,
        testTimeout: 0,
        reporters: [{}],
        fsModuleCache: false,
        provide: { mutation: share },
      },
      { plugins: [mutating(subject)], cacheDir: join(folder, 'vite') },
    );
    const errors = vitest.state.getTestModules().flatMap((module) => module.errors());
    await vitest.close();
    if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
    return fates(subject, outcomes(out), chosen.length);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const outcomes = (file: string): Outcome[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Outcome);

function fates({ mutants }: Subject, said: readonly Outcome[], count: number): Fate[] {
  const broken = said.flatMap((one) => ('broken' in one ? one.broken : []));
  if (broken.length > 0) throw new Error(broken.join('\n'));
  const [first, ...rest] = said;
  if (first === undefined || !('baseline' in first)) throw new Error('the tests were not run');
  const { tests, failing } = first.baseline;
  if (failing.length > 0) throw new Error(`these fail without any mutant:\n${failing.join('\n')}`);
  if (tests === 0) throw new Error('there are no tests');
  if (rest.length !== count) throw new Error(`of ${count} mutants ${rest.length} were tried`);
  return rest.flatMap((one) => {
    const mutant = 'mutant' in one ? mutants[one.mutant] : undefined;
    return mutant === undefined || !('fate' in one) ? [] : { mutant, fate: one.fate };
  });
}

/** Gives test files our `vitest`, and the sources their mutants. */
const mutating = ({ code }: Subject) => ({
  name: 'mutating',
  enforce: 'pre' as const,
  transform: (text: string, id: string) => {
    const path = id.replace(/\?.*$/, '');
    if (path === COLLECT || path === DRIVER) return undefined;
    // An alias would do, but vitest hands out its own module before any plugin is asked.
    return code.get(path) ?? text.replace(/from 'vitest';/, `from ${JSON.stringify(COLLECT)};`);
  },
});
