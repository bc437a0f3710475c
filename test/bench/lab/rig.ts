import { setTimeout as sleep } from 'node:timers/promises';
import { settled } from '../../../lab/machines/client.ts';
import { Inside } from '../../../lab/machines/inside/index.ts';
import { Bench } from '../../engine/bench.ts';

/** Production's hosts that are measured from and to: LAN to LAN, over both kinds of return path. */
export const FRA = {
  db: { name: 'fra-db-01', address: '10.77.10.10' },
  routers: ['fra-edge-01', 'fra-edge-02'],
} as const;
export const GRA = {
  nas: { name: 'gra-nas-01', address: '10.77.40.20' },
  routers: ['gra-edge-01', 'gra-edge-02'],
} as const;
export const BACKUP = 873;

/** The production stack on machines. */
export interface Rig {
  bench: Bench;
  inside: Inside;
}

/** From nothing but caches to the first packet between two LANs; seconds of each part, and what the engine said. */
export async function fromNothing(): Promise<
  Rig & { text: string; seconds: { lab: number; up: number; packet: number } }
> {
  const began = performance.now();
  const since = (): number => (performance.now() - began) / 1000;
  const bench = await Bench.start('prod', { machines: true });
  const lab = since();
  const { code, text } = await bench.up();
  if (code !== 0) throw new Error(text);
  const up = since() - lab;
  const inside = new Inside(bench.dir);
  await inside.serve(GRA.nas.name, BACKUP);
  await until(() => inside.reaches(FRA.db.name, GRA.nas.address, BACKUP), 'the first packet');
  return { bench, inside, text, seconds: { lab, up, packet: since() } };
}

export async function stop({ bench, inside }: Rig): Promise<void> {
  inside.close();
  await bench.stop();
}

/** Looks ten times a second. Throws after a minute. */
async function until(done: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await done());) {
    if (Date.now() > deadline) throw new Error(`${what} did not come within a minute`);
    await sleep(100);
  }
}

/** Both routers of a pair do their work, one of them as standby. */
export async function paired({ bench, inside }: Rig, routers: readonly [string, string]): Promise<void> {
  await settled(bench.dir);
  await until(
    async () => {
      const roles = await Promise.all(routers.map((router) => inside.role(router).catch(() => undefined)));
      return roles.toSorted().join() === 'primary,standby';
    },
    `a primary and a standby of ${routers.join(' and ')}`,
  );
}

/** Nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}
