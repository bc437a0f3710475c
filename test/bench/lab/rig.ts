import { settled } from '../../../lab/machines/client.ts';
import { Inside } from '../../../lab/machines/inside/index.ts';
import { until } from '../../../lab/machines/inside/until.ts';
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
  await comes('the first packet', () => inside.reaches(FRA.db.name, GRA.nas.address, BACKUP));
  return { bench, inside, text, seconds: { lab, up, packet: since() } };
}

export async function stop({ bench, inside }: Rig): Promise<void> {
  inside.close();
  await bench.stop();
}

/** Throws after a minute. */
async function comes(what: string, done: () => Promise<boolean>): Promise<void> {
  if (!(await until(done, { ms: 60_000 }))) throw new Error(`${what} did not come within a minute`);
}

/** Both routers of a pair do their work, one of them as standby. */
export async function paired({ bench, inside }: Rig, routers: readonly [string, string]): Promise<void> {
  await settled(bench.dir);
  await comes(`a primary and a standby of ${routers.join(' and ')}`, async () => {
    const roles = await Promise.all(routers.map((router) => inside.role(router).catch(() => undefined)));
    return roles.toSorted().join() === 'primary,standby';
  });
}
