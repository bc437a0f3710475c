import { setTimeout as sleep } from 'node:timers/promises';
import { columns } from '../../../cli/render/style.ts';
import { power } from '../../../lab/machines/client.ts';
import { median, percentile } from '../measure.ts';
import { BACKUP, FRA, GRA, paired, type Rig } from './rig.ts';

const LEAD_MS = 1000;
const SECONDS = 60;

const PATHS = [
  { path: 'layer 2, an address by ARP', routers: GRA.routers },
  { path: 'Hetzner, an alias by the API', routers: FRA.routers },
] as const;

/** Outages of the path from LAN to LAN, seconds, one for each time. */
type Outages = number[];

/** The active router loses its power, `times` times on each kind of return path. */
export async function benchKills(rig: Rig, times: number): Promise<string> {
  return outages('hard kill', rig, times, async (active) => {
    await power(rig.bench.dir, active, false);
    return () => power(rig.bench.dir, active, true);
  });
}

/** The active router is drained, as before a change of it. */
export async function benchDrains(rig: Rig, times: number): Promise<string> {
  return outages('drain', rig, times, async (active) => {
    await rig.inside.tool(active, 'route', 'drain');
    return async () => {
      await rig.inside.tool(active, 'route', 'advertise');
    };
  });
}

/** @param end ends the router's work, and answers how it comes back */
async function outages(
  what: string,
  rig: Rig,
  times: number,
  end: (active: string) => Promise<() => Promise<void>>,
): Promise<string> {
  const rows: string[][] = [];
  for (const { path, routers } of PATHS) {
    const seen: Outages = [];
    for (let time = 0; time < times; time++) {
      await paired(rig, routers);
      seen.push(await one(rig, routers, end));
      process.stderr.write(`  ${what}, ${path}: ${time + 1}/${times}, ${seen.at(-1)?.toFixed(2) ?? ''} s\n`);
    }
    rows.push([
      path,
      ...[median(seen), percentile(seen, 0.95)].map((value) => value.toFixed(2)),
      seen.map((value) => value.toFixed(2)).join(' '),
    ]);
  }
  return columns([`${what}: outage`, 'median, s', 'p95, s', 'all, s'], rows);
}

async function one(
  { inside }: Rig,
  routers: readonly [string, string],
  end: (active: string) => Promise<() => Promise<void>>,
): Promise<number> {
  const { active } = await inside.pair(...routers);
  const probe = inside.probe(FRA.db.name, GRA.nas.address, BACKUP, SECONDS, { patience: 6 });
  await sleep(LEAD_MS);
  const back = await end(active);
  const { outages: gaps, lost } = await probe;
  await back();
  if (lost) throw new Error(`nothing came through within ${SECONDS} s after ${active} ended`);
  return Math.max(0, ...gaps.map(([from, to]) => to - from));
}
