// npm run kills -- [--points 50] [--stack staging] [--victim engine|plugin|lab|all] [--seed N]
// npm run kills -- --machines [--points 50] [--victim runner|tool|power|all] [--seed N]
// Cuts an up or a destroy off at many points by kill -9, each time followed by mesh recover and one more run, and tells whether
// all was as if nothing had happened. With --machines it is applies of another release that are cut off, on real machines, also by the machine's
// own end.
import { parseArgs } from 'node:util';
import { columns } from '../../cli/render/style.ts';
import { choosePoints } from './choose.ts';
import { measure, runPoint, type Outcome } from './point.ts';
import { Rig } from './rig.ts';
import { cutOffMachines } from './machines/run.ts';
import { VICTIMS as MACHINE_VICTIMS } from './machines/victims.ts';
import { VICTIMS, type Victim } from './victims.ts';

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '50' },
    stack: { type: 'string', default: 'staging' },
    victim: { type: 'string', default: 'all' },
    seed: { type: 'string', default: '1' },
    /** One certain point: RUN:NTH:BEFORE:VICTIM, as the table names it. */
    only: { type: 'string' },
    machines: { type: 'boolean', default: false },
  },
});
if (values.machines) {
  const wanted = values.victim === 'all' ? MACHINE_VICTIMS : MACHINE_VICTIMS.filter((one) => one === values.victim);
  if (wanted.length === 0) throw new Error(`--victim ${values.victim}: one of ${MACHINE_VICTIMS.join(', ')} or all`);
  const { points, seed, only } = values;
  const numbers = { points: Number(points), seed: Number(seed) };
  const found = await cutOffMachines({ ...numbers, victims: wanted, ...(only !== undefined && { only }) });
  process.exit(found === 0 ? 0 : 1);
}
const victims = values.victim === 'all' ? VICTIMS : VICTIMS.filter((name) => name === values.victim);
if (victims.length === 0) throw new Error(`--victim ${values.victim}: one of ${VICTIMS.join(', ')} or all`);

const name = ({ point: { run, nth, before, victim } }: Outcome): string => `${run}:${nth}:${before}:${victim}`;

const rig = new Rig(values.stack);
process.once('SIGINT', () => void rig.remove().finally(() => process.exit(130)));
let bad = 0;
try {
  await rig.start();
  await rig.save('empty');
  const up = await measure(rig, 'up', 'empty');
  await rig.save('built');
  const destroy = await measure(rig, 'destroy', 'built');
  const totals = { up: up.changes.length, destroy: destroy.changes.length };
  console.log(
    `${values.stack}: up makes ${totals.up} changes and leaves ${up.wanted.length} things, destroy makes ${totals.destroy} and leaves ${destroy.wanted.length}`,
  );
  for (const line of destroy.wanted) console.log(`  left by an undisturbed destroy: ${line}`);
  const points =
    values.only === undefined
      ? choosePoints(Number(values.points), totals, victims, Number(values.seed))
      : [parsePoint(values.only)];
  const outcomes: Outcome[] = [];
  for (const [index, point] of points.entries()) {
    const of = point.run === 'up' ? { from: 'empty', ...up } : { from: 'built', ...destroy };
    const outcome = await runPoint(rig, point, of.from, of.wanted);
    outcomes.push(outcome);
    const result = outcome.faults.length === 0 ? 'good' : 'BAD';
    console.log(
      `${String(index + 1).padStart(3)} ${name(outcome).padEnd(30)} ${result.padEnd(4)} ${outcome.seconds.toFixed(1).padStart(5)} s  ${outcome.at ?? '(not reached)'}`,
    );
    for (const fault of outcome.faults) console.log(`      ${fault}`);
  }
  bad = outcomes.filter(({ faults }) => faults.length > 0).length;
  console.log(
    `\n${columns(
      ['point', 'cut off at', 'recover', 'result'],
      outcomes.map((outcome) => [
        name(outcome),
        outcome.at ?? 'not reached',
        outcome.did,
        outcome.faults.length === 0 ? 'good' : 'BAD',
      ]),
    )}`,
  );
  const times = outcomes.map(({ seconds }) => seconds).sort((a, b) => a - b);
  const reached = outcomes.filter(({ at }) => at !== undefined).length;
  console.log(
    `\n${outcomes.length} points, ${reached} reached, ${bad} bad; ${(times[Math.floor(times.length / 2)] ?? 0).toFixed(1)} s for one in the middle, ${(times.at(-1) ?? 0).toFixed(1)} s at most`,
  );
} finally {
  await rig.remove();
}
process.exitCode = bad === 0 ? 0 : 1;

function parsePoint(text: string): Outcome['point'] {
  const [run, nth, before, victim] = text.split(':');
  const known = VICTIMS.find((one): one is Victim => one === victim);
  if ((run !== 'up' && run !== 'destroy') || (before !== 'answer' && before !== 'nothing') || known === undefined)
    throw new Error(`--only ${text}: RUN:NTH:BEFORE:VICTIM, such as up:12:answer:engine`);
  return { run, nth: Number(nth), before, victim: known };
}
