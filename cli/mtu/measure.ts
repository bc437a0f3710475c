import { UserError } from '../../io/rpc/types.ts';
import type { PathMtu } from '../../io/ssh/host-answers.ts';
import { HostToolError } from '../../io/ssh/host-tool.ts';
import { withHost } from '../../provider/hosts.ts';
import { openOnce } from '../status/ask.ts';
import { questionsOf, type Sources } from '../status/collect.ts';
import { wayTo, type NoWay, type OpenWay, type WayOptions } from './way.ts';

/** One direction: what was measured, or why not. */
export type Direction = NoWay | (OpenWay & (Measured | NotMeasured));
interface Measured {
  found: PathMtu;
}
interface NotMeasured {
  error: string;
  /** The host is a record of the lab. */
  noNetwork?: true;
}

/** Both directions at once. */
export async function measure(
  sources: Sources,
  [a, b]: readonly [string, string],
  options: WayOptions & { signal: AbortSignal },
): Promise<Direction[]> {
  const recorded = await sources.recorded();
  const questions = questionsOf(sources.plan, recorded, sources.keys);
  return Promise.all(
    [
      { from: a, to: b },
      { from: b, to: a },
    ].map(async (ends): Promise<Direction> => {
      const way = wayTo(sources.plan, recorded, ends, options);
      if (!way.possible) return way;
      const question = questions.find(({ name }) => name === way.from);
      if (question === undefined) return { ...way, error: `${way.from} was not made yet, or nobody logs in to it` };
      const open = openOnce(way.from, options.signal);
      try {
        const found = await withHost(sources.hosts, question.connection, open, (tool) => tool.pathMtu(way.address));
        return { ...way, found };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        const records = error instanceof HostToolError && error.code === 'no-network';
        return { ...way, error: error.message, ...(records && { noNetwork: true }) };
      }
    }),
  );
}

/** Does every packet that TCP sends get through, or does somebody say why not? */
export const isWell = (direction: Direction): boolean =>
  !direction.possible || ('found' in direction && direction.found.largest !== null && !hangs(direction.found));

/** Connections whose segments make packets that vanish. A clamp that is small enough saves what is forwarded, not what the host itself sends. */
export function hangs({ largest, blackHole, mss, address }: PathMtu): boolean {
  return largest !== null && blackHole && packet(mss, address) > largest;
}

/** The packet that a full segment makes. */
export const packet = (mss: number, address: string): number => mss + (address.includes(':') ? 60 : 40);
