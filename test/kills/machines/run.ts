import { columns } from '../../../cli/render/style.ts';
import { Rig } from '../rig.ts';
import { random } from '../../random.ts';
import { HOSTS } from './look.ts';
import { Course, LINES, type Line, type Outcome, type Point } from './point.ts';
import { VICTIMS, type Victim } from './victims.ts';

export interface MachineRun {
  points: number;
  seed: number;
  victims: readonly Victim[];
  /** One certain point, as the table names it. */
  only?: string;
}

/** Most of what may go wrong is in the activation. */
const WEIGHED: readonly Line[] = ['stage', 'activate', 'activate', 'activate', 'confirm'];

/** Victims and machines in turns, moments by chance; half of the points let the time for a confirmation pass. */
function choosePoints({ points, seed, victims }: MachineRun): Point[] {
  const next = random(seed);
  return Array.from({ length: points }, (_, index): Point => {
    const host = HOSTS[Math.floor(index / victims.length) % HOSTS.length] ?? HOSTS[0];
    return {
      victim: victims[index % victims.length] ?? 'runner',
      host,
      line: WEIGHED[Math.floor(next() * WEIGHED.length)] ?? 'activate',
      moment: Math.round(next() * 1150) / 1000,
      waits: next() < 0.5,
    };
  });
}

const nameOf = ({ victim, host, line, moment, waits }: Point): string =>
  `${victim}:${host}:${line}:${moment.toFixed(3)}${waits ? ':waits' : ''}`;

function parsePoint(text: string): Point {
  const [victim, host, line, moment, waits] = text.split(':');
  const known = VICTIMS.find((one) => one === victim);
  const machine = HOSTS.find((one) => one === host);
  const at = LINES.find((one) => one === line);
  if (known === undefined || machine === undefined || at === undefined || Number.isNaN(Number(moment ?? 'none')))
    throw new Error(`--only ${text}: VICTIM:HOST:LINE:MOMENT[:waits], such as tool:fra-edge-01:activate:0.412:waits`);
  return { victim: known, host: machine, line: at, moment: Number(moment), waits: waits === 'waits' };
}

/** Cuts applies off on real machines; tells each point and all, and answers how many were bad. */
export async function cutOffMachines(options: MachineRun): Promise<number> {
  const rig = new Rig('staging', { machines: true });
  const course = new Course(rig);
  process.once('SIGINT', () => void rig.remove().finally(() => process.exit(130)));
  const outcomes: Outcome[] = [];
  try {
    await rig.start();
    await course.start();
    for (const side of ['after', 'before'] as const) {
      const { lasts, wanted } = course.measure(side);
      const times = Object.entries(lasts).map(
        ([host, of]) => `${host} ${LINES.map((line) => ((of[line] ?? 0) / 1000).toFixed(1)).join('/')} s`,
      );
      console.log(`up to ${side}: ${wanted.length} things; ${LINES.join('/')} took ${times.join(', ')}`);
    }
    const points = options.only === undefined ? choosePoints(options) : [parsePoint(options.only)];
    for (const [index, point] of points.entries()) {
      const outcome = await course.run(point);
      outcomes.push(outcome);
      console.log(
        `${String(index + 1).padStart(3)} ${nameOf(point).padEnd(42)} ${result(outcome)} ${outcome.seconds.toFixed(1).padStart(5)} s  ${outcome.at || '(not reached)'} → ${outcome.found}`,
      );
      for (const fault of outcome.faults) console.log(`      ${fault}`);
    }
  } finally {
    course.close();
    await rig.remove();
  }
  const rows = outcomes.map((outcome) => [
    nameOf(outcome.point),
    `to ${outcome.side}`,
    outcome.at || 'not reached',
    outcome.found,
    result(outcome),
  ]);
  console.log(`\n${columns(['point', 'up', 'cut off at', 'machine after it', 'result'], rows)}`);
  const bad = outcomes.filter(({ faults }) => faults.length > 0).length;
  const times = outcomes.map(({ seconds }) => seconds).sort((a, b) => a - b);
  console.log(
    `\n${outcomes.length} points, ${outcomes.filter(({ at }) => at !== '').length} reached, ${bad} bad; ${(times[Math.floor(times.length / 2)] ?? 0).toFixed(1)} s for one in the middle, ${(times.at(-1) ?? 0).toFixed(1)} s at most`,
  );
  return bad;
}

const result = ({ faults }: Outcome): string => (faults.length === 0 ? 'good' : 'BAD ');
