import { columns } from '../../../cli/render/style.ts';
import { median } from '../measure.ts';
import { fromNothing, stop, type Rig } from './rig.ts';

const APPLIED = /HostRelease (\S+) created \(([\d.]+)s\)/g;

export interface Started {
  /** The last one, for what is measured next. */
  rig: Rig;
  table: string;
}

/**
 * Nothing, warm, to the first packet between two LANs of production; and how long each host took its first release.
 * @param runs how often; each begins with an empty directory
 */
export async function benchStart(runs: number): Promise<Started> {
  const rows: string[][] = [];
  const applied: number[] = [];
  const packets: number[] = [];
  let rig: Rig | undefined;
  for (let run = 1; run <= runs; run++) {
    if (rig !== undefined) await stop(rig);
    const { seconds, text, ...made } = await fromNothing();
    rig = made;
    packets.push(seconds.packet);
    const hosts = [...text.matchAll(APPLIED)].map(([, , time]) => Number(time));
    applied.push(...hosts);
    rows.push([
      String(run),
      ...[seconds.lab, seconds.up, seconds.packet, median(hosts), Math.max(...hosts)].map(short),
    ]);
  }
  if (rig === undefined) throw new Error('at least one run');
  rows.push(['median', '', '', short(median(packets)), short(median(applied)), '']);
  return {
    rig,
    table: columns(
      [
        'nothing to first packet, prod',
        'lab ready, s',
        'up, s',
        'packet after, s',
        'first release of a host, median s',
        'slowest, s',
      ],
      rows,
    ),
  };
}

const short = (seconds: number): string => seconds.toFixed(1);
