import { existsSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { LabAuthority } from '../../tls.ts';
import { dnsNameOf } from '../scope.ts';
import { Mirror } from './mirror.ts';
import { startHeadscale, type Headscale } from './process.ts';

export interface HeadscalesDeps {
  /** The lab's directory; each tailnet has a folder `tailnets/NAME` there. */
  dir: string;
  binary: string;
  /** Path of the lab's internet, a network namespace. */
  namespace: () => string;
  authority: LabAuthority;
  connect: (address: string, port: number) => Promise<Socket>;
  /** Names of the tailnets of this lab, now. */
  tailnets: () => readonly string[];
  /** Where a tailnet's control server is. */
  address: (tailnet: string) => string;
}

/** The control servers of a lab, one for each tailnet, started when somebody first asks for it. */
export interface Headscales {
  mirrorOf(tailnet: string): Promise<Mirror>;
  /** Those that ran before: their nodes wait for them. */
  resume(): Promise<void>;
  stop(): Promise<void>;
  /** Ends them, and all that they know is gone: the next who asks gets new ones. */
  forget(): Promise<void>;
}

export function createHeadscales(deps: HeadscalesDeps): Headscales {
  const started = new Map<string, Promise<{ headscale: Headscale; mirror: Mirror }>>();
  const root = join(deps.dir, 'tailnets');
  const folder = (tailnet: string): string => join(root, encodeURIComponent(tailnet));
  let forgetting: Promise<void> = Promise.resolve();
  const stop = async (): Promise<void> => {
    const all = await Promise.allSettled([...started.values()]);
    await Promise.all(all.flatMap((one) => (one.status === 'fulfilled' ? [one.value.headscale.stop()] : [])));
  };
  const start = async (tailnet: string): Promise<{ headscale: Headscale; mirror: Mirror }> => {
    const { binary, namespace, authority, connect, address } = deps;
    await forgetting;
    const headscale = await startHeadscale({
      dir: folder(tailnet),
      address: address(tailnet),
      dnsName: dnsNameOf(tailnet),
      namespace: namespace(),
      ...{ binary, authority, connect },
    });
    return { headscale, mirror: new Mirror(headscale.client) };
  };
  const running = (tailnet: string): Promise<{ headscale: Headscale; mirror: Mirror }> => {
    const known = started.get(tailnet);
    if (known !== undefined) return known;
    const fresh = start(tailnet);
    started.set(tailnet, fresh);
    // One that did not start is tried again by the next who asks.
    fresh.catch(() => started.delete(tailnet));
    return fresh;
  };
  return {
    mirrorOf: async (tailnet) => (await running(tailnet)).mirror,
    resume: async () => {
      await Promise.all(
        deps
          .tailnets()
          .filter((tailnet) => existsSync(folder(tailnet)))
          .map(running),
      );
    },
    stop,
    forget: () => {
      forgetting = stop().then(() => rmSync(root, { recursive: true, force: true }));
      started.clear();
      return forgetting;
    },
  };
}
