import type { Preflight } from '../../mesh/host/preflight.ts';
import type { MeshPlan } from '../../mesh/plan/types.ts';
import { UserError } from '../../io/rpc/types.ts';
import { withHost } from '../../provider/hosts.ts';
import type { Hosts } from '../../provider/hosts.ts';
import type { Progress } from '../progress.ts';
import type { Target } from './targets.ts';

export interface Look {
  name: string;
  /** Undefined when the host could not be asked; `error` says why. */
  found?: Preflight;
  error?: string;
}

/** For one host: dialling, logging in, bringing the tool, asking. */
const LOOK_SECONDS = 90;

/** Asks all hosts at once what a first release would touch there. A host that does not answer is an answer too. */
export function lookAt(
  targets: readonly Target[],
  {
    hosts,
    tailnet,
    progress,
    seconds = LOOK_SECONDS,
  }: { hosts: Hosts; tailnet: Omit<MeshPlan['tailnet'], 'home'>; progress: Progress; seconds?: number },
): Promise<Look[]> {
  return Promise.all(
    targets.map(async ({ name, connection, release, lan, lanPrefix, lan6, accepts }): Promise<Look> => {
      const open = {
        name,
        bootSeconds: 0,
        authSeconds: 0,
        signal: AbortSignal.timeout(seconds * 1000),
        status: progress,
      };
      const { name: ours, loginServer } = tailnet;
      const existing = { accepts, tailnet: ours, ...(loginServer !== undefined && { loginServer }) };
      const request = {
        release,
        credentials: {},
        lan,
        lanPrefix,
        ...(lan6 !== undefined && { lan6 }),
        retireBootstrapKey: false,
        existing,
      };
      try {
        progress(`${name}: asking`);
        return { name, found: await withHost(hosts, connection, open, (tool) => tool.preflight(request)) };
      } catch (error) {
        // SSH and the host protocol speak in sentences for people; everything else is a fault of ours.
        if (error instanceof UserError) return { name, error: error.message };
        throw error;
      }
    }),
  );
}
