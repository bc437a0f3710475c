// What `vitest` is to test files while mutants are tried: tests are collected instead of run, and everything else is vitest's own.
import { expect, vi } from 'vitest';

export { expect, vi };

type Work = (...args: never[]) => unknown;
interface Hooks {
  before: Work[];
  each: Work[];
  after: Work[];
}
/** A test with the hooks around it, outermost first. */
export interface Collected {
  name: string;
  work: () => unknown;
  around: Hooks[];
}

interface State {
  tests: Collected[];
  around: Hooks[];
  names: string[];
  skipping: number;
}

// Not of the module: each test file is loaded with modules of its own.
const state = ((globalThis as { $collecting?: State }).$collecting ??= {
  tests: [],
  around: [],
  names: [],
  skipping: 0,
});

/** Runs what a test file says and answers its tests. */
export async function collect(load: () => Promise<unknown>): Promise<Collected[]> {
  Object.assign(state, { tests: [], names: [], skipping: 0, around: [{ before: [], each: [], after: [] }] });
  await load();
  return state.tests;
}

type Options = number | { timeout?: number };

function register(name: string, work: (() => unknown) | Options, more?: (() => unknown) | Options): void {
  const body = typeof work === 'function' ? work : more;
  if (typeof body !== 'function') throw new Error(`the test ${name} has no body`);
  if (state.skipping > 0) return;
  state.tests.push({ name: [...state.names, name].join(' › '), work: body, around: [...state.around] });
}

function suite(name: string, work: () => unknown): void {
  state.names.push(name);
  state.around.push({ before: [], each: [], after: [] });
  work();
  state.around.pop();
  state.names.pop();
}

function skipped(work: () => void): void {
  state.skipping += 1;
  work();
  state.skipping -= 1;
}

const each =
  (one: (name: string, work: () => unknown) => void) =>
  (rows: readonly unknown[]) =>
  (name: string, work: (...row: unknown[]) => unknown): void =>
    rows.forEach((row, n) => one(`${name} #${n}`, () => work(...(Array.isArray(row) ? (row as unknown[]) : [row]))));

const skipIf =
  <T extends typeof suite | typeof register>(one: T) =>
  (condition: unknown): T =>
    condition ? (((...args: Parameters<T>) => skipped(() => (one as (...all: unknown[]) => void)(...args))) as T) : one;

const withVariants = <T extends typeof suite | typeof register>(one: T) =>
  Object.assign(one, { each: each(one), skipIf: skipIf(one), skip: skipIf(one)(true) });

export const test = withVariants(register);
export const describe = withVariants(suite);

const hook =
  (kind: keyof Hooks) =>
  (work: Work): void =>
    void state.around.at(-1)?.[kind].push(work);
export const beforeAll = hook('before');
export const beforeEach = hook('each');
export const afterEach = hook('after');
export const afterAll = hook('after');
