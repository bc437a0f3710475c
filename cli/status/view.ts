import type { ListedDevice } from '../../io/tailscale/client.ts';
import type { HostPlan, MeshPlan } from '../../mesh/plan/types.ts';
import { hostsOf } from '../../mesh/plan/index.ts';
import type { RecordedHost } from '../live/outputs.ts';
import type { Asked, HostAnswers } from './ask.ts';

/** All that is known of one planned host. */
export interface HostView {
  plan: HostPlan;
  /** Of the last up; undefined when that had no such host. */
  recorded: RecordedHost | undefined;
  /** Undefined when there was nobody to ask. */
  asked: Asked | undefined;
  device: ListedDevice | undefined;
  /** Other devices that call themselves the same. */
  doubles: ListedDevice[];
}

/** All that was found out, before it is judged. */
export interface View {
  stack: string;
  /** What its hosts are, when it is the lab's. */
  lab: 'records' | 'machines' | undefined;
  plan: MeshPlan;
  at: Date;
  hosts: HostView[];
  /** Recorded, and no longer planned. */
  retired: RecordedHost[];
  devices: ListedDevice[] | { error: string };
}

export interface Found {
  stack: string;
  /** What its hosts are, when it is the lab's. */
  lab: 'records' | 'machines' | undefined;
  plan: MeshPlan;
  at: Date;
  recorded: readonly RecordedHost[];
  asked: ReadonlyMap<string, Asked>;
  devices: ListedDevice[] | { error: string };
}

/** Puts together what belongs together. */
export function viewOf({ stack, lab, plan, at, recorded, asked, devices }: Found): View {
  const known = new Map(recorded.map((host) => [host.name, host]));
  const listed = Array.isArray(devices) ? devices : [];
  const hosts = plan.sites.flatMap(hostsOf).map((host): HostView => {
    const own = asked.get(host.name);
    // A renamed host is recorded under its former name until the next up.
    const record = known.get(host.name) ?? (host.formerly === undefined ? undefined : known.get(host.formerly));
    const device = host.node === undefined ? undefined : deviceOf(host, record, said(own), listed);
    return { plan: host, recorded: record, asked: own, device, doubles: doublesOf(host, device, listed) };
  });
  const planned = new Set(hosts.flatMap(({ plan: { name, formerly } }) => [name, formerly]));
  return { stack, lab, plan, at, hosts, retired: recorded.filter(({ name }) => !planned.has(name)), devices };
}

/** What a host said, if it did. */
export const said = (asked: Asked | undefined): HostAnswers | undefined =>
  asked?.answered === true ? asked.said : undefined;

/**
 * The device that a host is: by its own word, else by the addresses that the join recorded, else the newest one of its name.
 * Names alone do not identify: a second device of the same name is called NAME-1 and says NAME too.
 */
function deviceOf(
  { node }: HostPlan,
  record: RecordedHost | undefined,
  own: HostAnswers | undefined,
  listed: readonly ListedDevice[],
): ListedDevice | undefined {
  const nodeId = own?.node?.nodeId;
  if (nodeId !== undefined && nodeId !== null) return listed.find((device) => device.nodeId === nodeId);
  // It says itself that it is in no tailnet.
  if (own?.node !== undefined) return undefined;
  const addresses = record?.tailnetAddresses ?? [];
  if (addresses.length > 0)
    return listed.find((device) => device.addresses.some((address) => addresses.includes(address)));
  const named = listed.filter(({ hostname }) => hostname === node?.hostname);
  return named.toSorted((a, b) => (b.created ?? '').localeCompare(a.created ?? ''))[0];
}

function doublesOf(
  { node }: HostPlan,
  device: ListedDevice | undefined,
  listed: readonly ListedDevice[],
): ListedDevice[] {
  return listed.filter((one) => one.hostname === node?.hostname && one.nodeId !== device?.nodeId);
}

/** Whether a device is connected; null where nobody tells. */
export const isOnline = (device: ListedDevice): boolean | null => device.connectedToControl ?? null;
