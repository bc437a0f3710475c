import { random } from '../random.ts';
import type { Point, Run } from './point.ts';
import type { Victim } from './victims.ts';

function shuffled<T>(list: readonly T[], next: () => number): T[] {
  const result = [...list];
  for (let at = result.length - 1; at > 0; at--) {
    const other = Math.floor(next() * (at + 1));
    const [a, b] = [result[at], result[other]];
    if (a === undefined || b === undefined) continue;
    result[at] = b;
    result[other] = a;
  }
  return result;
}

/**
 * `count` different points, the victims in turns and two thirds of them in ups: an up makes what can be forgotten.
 * @param changes how many changes each run makes
 */
export function choosePoints(
  count: number,
  changes: Readonly<Record<Run, number>>,
  victims: readonly Victim[],
  seed: number,
): Point[] {
  const next = random(seed);
  const moments = (run: Run): Pick<Point, 'run' | 'nth' | 'before'>[] =>
    Array.from({ length: changes[run] }, (_, index) => index + 1).flatMap((nth) => [
      { run, nth, before: 'answer' as const },
      { run, nth, before: 'nothing' as const },
    ]);
  const queues = victims.map((victim) => {
    const of = (run: Run): Point[] => shuffled(moments(run), next).map((moment) => ({ ...moment, victim }));
    return { up: of('up'), destroy: of('destroy'), taken: 0 };
  });
  const points: Point[] = [];
  for (let empty = 0; points.length < count && empty < queues.length;) {
    empty = 0;
    for (const queue of queues) {
      const wanted: Run = queue.taken++ % 3 === 2 ? 'destroy' : 'up';
      const point = queue[wanted].shift() ?? queue[wanted === 'up' ? 'destroy' : 'up'].shift();
      if (point === undefined) empty += 1;
      else if (points.length < count) points.push(point);
    }
  }
  return points;
}
