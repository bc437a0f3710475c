import { columns } from '../../../cli/render/style.ts';
import { median } from '../measure.ts';
import { BACKUP, FRA, GRA, type Rig } from './rig.ts';

const BYTES = 30_000_000;
const UNITS = ['site-mesh-nft.service'];

/** A TCP transfer from LAN to LAN with the routers' rules and without them, in turns. */
export async function benchThroughput({ inside }: Rig, rounds: number): Promise<string> {
  const routers = [...FRA.routers, ...GRA.routers];
  const rules = async (verb: 'start' | 'stop'): Promise<void> => {
    await Promise.all(routers.map((router) => inside.must(router, 'systemctl', verb, ...UNITS)));
  };
  const rate = async (): Promise<number> => {
    const { ok, seconds } = await inside.fetch(FRA.db.name, GRA.nas.address, BACKUP, { bytes: BYTES });
    if (!ok) throw new Error('the transfer did not end');
    return (BYTES * 8) / seconds / 1e6;
  };
  const [ours, none]: [number[], number[]] = [[], []];
  await rate();
  try {
    for (let round = 0; round < rounds; round++) {
      ours.push(await rate());
      await rules('stop');
      none.push(await rate());
      await rules('start');
    }
  } finally {
    await rules('start');
  }
  const row = (name: string, rates: number[]): string[] => [
    name,
    median(rates).toFixed(0),
    rates.map((value) => value.toFixed(0)).join(' '),
  ];
  return columns(
    ['one TCP stream through two routers, 30 MB', 'median, Mbit/s', 'all, Mbit/s'],
    [row('with our nftables', ours), row('without', none), ['ratio', (median(ours) / median(none)).toFixed(2), '']],
  );
}
