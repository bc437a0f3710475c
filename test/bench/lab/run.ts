// npm run bench:lab [-- --runs N --kills N --only kills,drains,throughput]: the production stack on machines, measured by packets.
import { parseArgs } from 'node:util';
import { benchDrains, benchKills } from './failover.ts';
import { stop } from './rig.ts';
import { benchStart } from './start.ts';
import { benchThroughput } from './throughput.ts';

const { values } = parseArgs({
  options: {
    /** How often production is built from nothing. */
    runs: { type: 'string', default: '3' },
    /** How often each kind of router is killed, and drained. */
    kills: { type: 'string', default: '20' },
    only: { type: 'string', default: 'kills,drains,throughput' },
  },
});
const [runs, kills] = [Number(values.runs), Number(values.kills)];
const only = values.only.split(',');
// Waits of the clouds that are proven elsewhere; an alias of Hetzner takes its five seconds.
process.env.MESH_LAB_PACE = '0.01';

const { rig, table } = await benchStart(runs);
try {
  console.log(`${table}\n`);
  if (only.includes('throughput')) console.log(`${await benchThroughput(rig, 5)}\n`);
  if (only.includes('drains')) console.log(`${await benchDrains(rig, kills)}\n`);
  if (only.includes('kills')) console.log(`${await benchKills(rig, kills)}\n`);
} finally {
  await stop(rig);
}
