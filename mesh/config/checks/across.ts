import { overlaps } from '../cidr.ts';
import { overlaps6 } from '../cidr6.ts';
import { fault, renderFault, type Fault } from '../fault.ts';
import type { MeshConfig } from '../schema.ts';

/** A stack with what parsed of it. */
export interface NamedConfig {
  stack: string;
  config: MeshConfig;
}

/** A fault between two stacks, told at the later one by name. */
export interface StackFault extends Fault {
  stack: string;
}

/** Faults between stacks as one text, each with the file that it is in. */
export const renderStackFaults = (faults: readonly StackFault[]): string =>
  faults.map(({ stack, ...one }) => `Pulumi.${stack}.yaml, against another stack:\n\n${renderFault(one)}`).join('\n\n');

/**
 * What two stacks must not share. Each pair is told once. Stacks are few, so pairs are looked at one by one.
 * @param stacks in any order; the answer does not depend on it
 */
export function faultsAcross(stacks: readonly NamedConfig[]): StackFault[] {
  const sorted = stacks.toSorted((a, b) => (a.stack < b.stack ? -1 : 1));
  return sorted.flatMap((later, index) =>
    sorted.slice(0, index).flatMap((earlier) =>
      [
        ...prefixes(earlier, later),
        ...prefixes6(earlier, later),
        ...tailnets(earlier, later),
        ...machines(earlier, later),
      ].map((one) => ({
        ...one,
        stack: later.stack,
      })),
    ),
  );
}

function prefixes(earlier: NamedConfig, later: NamedConfig): Fault[] {
  const remedy = `give each stack a supernet of its own; ${earlier.stack} has ${earlier.config.network.supernet}`;
  const mine = later.config.network.supernet;
  const theirs = earlier.config.network.supernet;
  const faults = overlaps(mine, theirs)
    ? [fault(['network', 'supernet'], mine, `overlaps ${theirs} of stack ${earlier.stack}`, remedy)]
    : [];
  // Sites lie in their supernets, so disjoint supernets leave nothing to find; inside one they are told one by one.
  if (faults.length === 0) return faults;
  for (const [name, { cidr }] of Object.entries(later.config.sites))
    for (const [other, { cidr: taken }] of Object.entries(earlier.config.sites))
      if (overlaps(cidr, taken)) {
        const problem = `overlaps ${taken} of site ${other} of stack ${earlier.stack}`;
        faults.push(
          fault(['sites', name, 'cidr'], cidr, problem, 'give every site of every stack a prefix of its own'),
        );
      }
  return faults;
}

/** As for IPv4, but that a stack may have none. */
function prefixes6(earlier: NamedConfig, later: NamedConfig): Fault[] {
  const mine = later.config.network.supernet6;
  const theirs = earlier.config.network.supernet6;
  if (mine === undefined || theirs === undefined || !overlaps6(mine, theirs)) return [];
  const remedy = `give each stack a supernet6 of its own; ${earlier.stack} has ${theirs}`;
  const faults = [fault(['network', 'supernet6'], mine, `overlaps ${theirs} of stack ${earlier.stack}`, remedy)];
  for (const [name, { cidr6 }] of Object.entries(later.config.sites))
    for (const [other, { cidr6: taken }] of Object.entries(earlier.config.sites))
      if (cidr6 !== undefined && taken !== undefined && overlaps6(cidr6, taken)) {
        const problem = `overlaps ${taken} of site ${other} of stack ${earlier.stack}`;
        faults.push(
          fault(['sites', name, 'cidr6'], cidr6, problem, 'give every site of every stack a prefix of its own'),
        );
      }
  return faults;
}

/**
 * A policy is one text for a whole tailnet: two stacks that do not share it would overwrite each other's, and each would take
 * the other's people out. Whether stacks that share one agree on it is told by linkFaults.
 */
function tailnets(earlier: NamedConfig, later: NamedConfig): Fault[] {
  const { name, loginServer } = later.config.tailnet;
  const other = earlier.config.tailnet;
  // Two control servers have nothing in common, whatever they call their tailnets.
  if (name !== other.name || loginServer !== other.loginServer) return [];
  if (policyOwner(earlier) === policyOwner(later)) return [];
  const problem =
    name === '-'
      ? `is - in stack ${earlier.stack} too, which may be the same tailnet`
      : `is the tailnet of stack ${earlier.stack}, and one stack owns a tailnet's policy`;
  const remedy =
    'give each stack a tailnet of its own, by its name; or let one own it for both: with and owner (docs/shared-tailnet.md)';
  return [fault(['tailnet', 'name'], name, problem, remedy)];
}

const policyOwner = ({ stack, config }: NamedConfig): string => config.tailnet.owner ?? stack;

/** An existing machine can carry one release, and be one node. */
function machines(earlier: NamedConfig, later: NamedConfig): Fault[] {
  const taken = new Map(existing(earlier.config).map(({ key, name }) => [key, name]));
  return existing(later.config).flatMap(({ key, path, host }) => {
    const holder = taken.get(key);
    if (holder === undefined) return [];
    const problem = `is the machine ${holder} of stack ${earlier.stack}`;
    return [fault(path, host, problem, 'let one stack manage it; the other may name its LAN address without ssh')];
  });
}

function existing(config: MeshConfig) {
  return Object.entries(config.sites).flatMap(([site, { routers, hosts, ssh: common }]) =>
    Object.entries({ routers, hosts }).flatMap(([list, all]) =>
      all.flatMap(({ name, ssh }, index) => {
        if (ssh === undefined) return [];
        // Behind a jump host the same address may be another machine.
        const via = ssh.via ?? common?.via ?? config.ssh.via;
        const key = `${ssh.host.toLowerCase()} ${ssh.port ?? common?.port ?? 22} ${via?.host ?? ''}`;
        return [{ key, name, host: ssh.host, path: ['sites', site, list, index, 'ssh', 'host'] }];
      }),
    ),
  );
}
