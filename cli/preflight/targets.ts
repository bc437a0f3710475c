import { cloudOf } from '../../mesh/config/clouds.ts';
import type { Release } from '../../mesh/host/spec.ts';
import type { HostPlan, MeshPlan } from '../../mesh/plan/types.ts';
import type { Connection } from '../../io/ssh/connect.ts';
import { connectionTo } from '../live/connection.ts';
import type { Keys } from './keys.ts';

/** One machine that was there before us, and what a stack would bring to it. */
export interface Target {
  name: string;
  lan: string;
  lanPrefix: string;
  lan6?: string;
  release: Release;
  connection: Connection;
  accepts: string[];
}

/** Every existing host of a plan that somebody logs in to, in the order of the plan. */
export function targetsOf(plan: MeshPlan, keys: Keys): Target[] {
  return plan.sites
    .filter((site) => !cloudOf(site.cloud).sells)
    .flatMap((site) => [...site.routers, ...site.hosts])
    .flatMap((host) => targetOf(plan, host, keys) ?? []);
}

function targetOf(plan: MeshPlan, host: HostPlan, keys: Keys): Target | undefined {
  const { name, lan, lan6, ssh, managed, accepts } = host;
  if (ssh === undefined || managed === undefined || lan === undefined) return undefined;
  return {
    name,
    lan,
    lanPrefix: managed.spec.lan.prefix,
    ...(lan6 !== undefined && { lan6 }),
    release: managed.release,
    connection: connectionTo(plan, host, { address: ssh.host, hostKey: ssh.hostKey }, keys),
    accepts,
  };
}

/** Names of those hosts; no key is needed to know them. */
export const existingNames = (plan: MeshPlan): string[] =>
  targetsOf(plan, { ssh: '', jump: '' }).map(({ name }) => name);
