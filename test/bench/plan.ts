import { columns } from '../../cli/render/style.ts';
import { parseConfig } from '../../mesh/config/index.ts';
import { planMesh } from '../../mesh/plan/index.ts';
import { largeMesh, parsedMesh } from './large-mesh.ts';
import { exponent, inTurns, median } from './measure.ts';
import { NOW } from '../now.ts';

const SITES = [25, 50, 100, 200, 400];
const ROUNDS = 7;

/** Parsing and planning at growing sizes, with the exponent of growth. */
export async function benchPlan(): Promise<string> {
  const parse: { x: number; y: number }[] = [];
  const plan: { x: number; y: number }[] = [];
  const rows: string[][] = [];
  for (const sites of SITES) {
    const raw = largeMesh(sites);
    const config = parsedMesh(sites);
    const parsing = (): Promise<unknown> => Promise.resolve(parseConfig(raw));
    const planning = (): Promise<unknown> => Promise.resolve(planMesh(config, { stack: 'bench', now: NOW }));
    await planning();
    const [parsed = [], planned = []] = await inTurns(ROUNDS, [parsing, planning]);
    parse.push({ x: sites, y: median(parsed) });
    plan.push({ x: sites, y: median(planned) });
    rows.push([String(sites), String(sites * 10), median(parsed).toFixed(0), median(planned).toFixed(0)]);
  }
  rows.push(['exponent', '', exponent(parse).toFixed(2), exponent(plan).toFixed(2)]);
  return columns(['sites', 'hosts', 'parse and check, ms', 'planMesh, ms'], rows);
}
