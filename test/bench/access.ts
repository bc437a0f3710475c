import { columns } from '../../cli/render/style.ts';
import { parseConfig, type MeshConfig } from '../../mesh/config/index.ts';
import { compareAccess, evaluator, readPolicy, type Revision } from '../../mesh/overlays/tailscale/policy/index.ts';
import { planMesh } from '../../mesh/plan/index.ts';
import { worldOf } from '../../mesh/plan/world.ts';
import { exponent, inTurns, median } from './measure.ts';
import { largeMesh } from './large-mesh.ts';

const SITES = [50, 100, 200];
const ROUNDS = 5;
const NOW = new Date('2026-06-30T12:00:00Z');

/**
 * The full matrix of a compiled policy and the difference of two, from their texts on, at growing sizes: ten hosts and two and a half
 * intents for each site. Required at 200 sites: 2 s and 3 s.
 */
export async function benchAccess(): Promise<string> {
  const points = { matrix: [] as { x: number; y: number }[], diff: [] as { x: number; y: number }[] };
  const rows: string[][] = [];
  for (const sites of SITES) {
    const [before, after] = [written(sites, false), written(sites, true)];
    const whole = (): Promise<unknown> => {
      const { policy, world } = read(after);
      return Promise.resolve(evaluator(policy, world).matrix());
    };
    const difference = (): Promise<unknown> => Promise.resolve(compareAccess(read(before), read(after)));
    const [full, compared] = [evaluator(read(after).policy, after.world).matrix(), compareAccess(read(before), read(after))]; // prettier-ignore
    const [matrix = [], diff = []] = await inTurns(ROUNDS, [whole, difference]);
    points.matrix.push({ x: sites, y: median(matrix) });
    points.diff.push({ x: sites, y: median(diff) });
    rows.push([sites, sites * 10, before.intents, full.length, median(matrix).toFixed(0), `${compared.gains.length}+${compared.losses.length}`, median(diff).toFixed(0)].map(String)); // prettier-ignore
  }
  rows.push(['exponent', '', '', '', exponent(points.matrix).toFixed(2), '', exponent(points.diff).toFixed(2)]);
  return columns(['sites', 'hosts', 'intents', 'rows', 'full matrix, ms', 'changes', 'difference, ms'], rows);
}

interface Written extends Pick<Revision, 'world'> {
  text: string;
  intents: number;
}

/** Read anew each time: parsing is a part of the work. */
const read = ({ text, world }: Written): Revision => ({ policy: readPolicy(text).policy, world });

/** @param changed somebody joins a group, a site loses its way to a database, a port is added */
function written(sites: number, changed: boolean): Written {
  const config = parsed(sites, changed);
  const plan = planMesh(config, { stack: 'bench', now: NOW });
  return { text: plan.policy.text, world: worldOf(plan), intents: config.access.length };
}

function parsed(sites: number, changed: boolean): MeshConfig {
  const raw = largeMesh(sites);
  const names = Object.keys(raw.sites as object);
  const neighbours = names.map((name, index) => ({
    from: [`site:${name}`],
    to: `db-${names[(index + 1) % sites] ?? name}`,
    why: `${name} reads its neighbour's`,
  }));
  const onCall = names
    .slice(1, sites / 2)
    .map((name) => ({ from: [`group:people-${name}`], to: 'ssh', why: 'on call' }));
  const groups = raw.groups as Record<string, string[]>;
  const services = raw.services as Record<string, { on: string[]; ports: string[] }>;
  const answer = parseConfig({
    ...raw,
    groups: changed ? { ...groups, 'people-site-1': [...(groups['people-site-1'] ?? []), 'new@example.com'] } : groups,
    services: changed
      ? { ...services, 'db-site-2': { ...services['db-site-2'], ports: ['tcp/5432', 'tcp/9187'] } }
      : services,
    access: [...(raw.access as unknown[]), ...neighbours.slice(changed ? 1 : 0), ...onCall.slice(changed ? 1 : 0)],
  });
  if (answer.ok) return answer.config;
  throw new Error(JSON.stringify(answer.faults.slice(0, 3)));
}
