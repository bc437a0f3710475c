// npm run mutate -- [--sample N] [--seed S] [--only PATH] [--glance] [--of FILE…  --with TEST…]
// Changes the access compiler and the evaluator in one small place at a time, and tells which changes no test notices. Ends with 1 when there is
// one that test/mutate/explained/ does not explain, with 2 when it was asked for something that is not there.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../oracle/random.ts';
import { EXPLAINED, explains } from './explained/index.ts';
import { Subject, tryMutants, type Fate } from './try.ts';
import type { Mutant } from './mutants.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SOURCES = ['mesh/access/*.ts', 'mesh/overlays/tailscale/**/*.ts'];
/** Those of hosts start Python and reach none of these. */
const TESTS = ['test/unit/mesh/*.test.ts', 'test/unit/mesh/{access,overlays}/**/*.test.ts'];
/** Processors are shared with whoever works here. */
const PROCESSES = 2;

const { values } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    /** Sources whose path begins so. */
    only: { type: 'string', default: '' },
    /** Properties for a moment each: the first look after an edit. */
    glance: { type: 'boolean', default: false },
    of: { type: 'string', multiple: true, default: SOURCES },
    with: { type: 'string', multiple: true, default: TESTS },
  },
});

const found = (patterns: string[]): string[] => globSync(patterns, { cwd: ROOT }).sort();
const subject = new Subject(found(values.of).filter((file) => file.startsWith(values.only)));
const tests = found(values.with);
const all = [...subject.mutants.keys()];
if (all.length === 0 || tests.length === 0) {
  console.error(
    `there is nothing to change in ${values.of.join(', ')} ${values.only}, or no test in ${values.with.join(', ')}`,
  );
  process.exit(2);
}
const chosen = values.sample === undefined ? all : new Random(Number(values.seed)).some(all, Number(values.sample));
console.log(`${chosen.length} of ${all.length} mutants (seed ${values.seed}), ${tests.length} test files`);

const start = performance.now();
const shares = Array.from({ length: Math.min(PROCESSES, chosen.length) }, (_, n) =>
  chosen.filter((_one, at) => at % PROCESSES === n),
);
const fates = (await Promise.all(shares.map((share) => tryMutants(subject, tests, share, values)))).flat();
const left = fates.filter(({ fate }) => fate !== 'killed');
const unexplained = left.filter(({ mutant }) => !EXPLAINED.some((one) => explains(one, mutant)));
for (const one of unexplained.toSorted((a, b) => order(a.mutant, b.mutant))) console.log(told(one));
const stale = EXPLAINED.filter(
  (one) => !subject.mutants.some((mutant) => explains(one, mutant)) && one.file.startsWith(values.only),
);
for (const { file, text } of values.of === SOURCES ? stale : []) console.log(`explains nothing: ${file}: ${text}`);
console.log(
  `${fates.length - left.length} noticed, ${left.length - unexplained.length} explained, ${unexplained.length} survived, ` +
    `${Math.round((performance.now() - start) / 1000)} s`,
);
process.exit(unexplained.length > 0 ? 1 : 0);

function told({ mutant: { file, line, text, from, to }, fate }: Fate): string {
  const head = `${fate === 'unreached' ? 'no test comes here' : 'survived'}: ${file}:${line}`;
  const changed = to === '(left out)' ? '' : text.replace(from, () => to);
  return changed !== text && text.includes(from)
    ? `${head}\n  - ${text}\n  + ${changed}`
    : `${head}\n    ${text}\n  - ${from}\n  + ${to}`;
}

function order(a: Mutant, b: Mutant): number {
  return a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1;
}
