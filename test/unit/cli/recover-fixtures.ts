import type { CloudAccess } from '../../../cli/recover/accounts.ts';
import { Clouds } from '../../../cli/recover/clouds.ts';
import type { Resource, State } from '../../../cli/recover/state.ts';
import { UNKNOWN } from '../../../cli/recover/wanted.ts';

const urnOf = (type: string, name: string): string => `urn:pulumi:staging::site-mesh::${type}::${name}`;
export const PROVIDER = `${urnOf('pulumi:providers:hcloud', 'hetzner')}::3a8da6b7-eef0-444d-86ea-2d2eac96c3cb`;
const OCEAN = `${urnOf('pulumi:providers:digitalocean', 'digitalocean')}::b1d7a6b7-eef0-444d-86ea-2d2eac96c3cb`;
export const SERVER = 'hcloud:index/server:Server';
export const NETWORK = 'hcloud:index/network:Network';
export const SUBNET = 'hcloud:index/networkSubnet:NetworkSubnet';
export const MARK = { 'managed-by': 'site-mesh' };

/** A custom resource as the engine writes it. */
export function resource(type: string, name: string, part: Partial<Resource> = {}): Resource {
  const provider = type.startsWith('digitalocean:') ? OCEAN : PROVIDER;
  return { urn: urnOf(type, name), type, custom: true, inputs: { name }, provider, ...part };
}

/** A resource of which an input comes from another one and is not known yet. */
export const child = (type: string, name: string, inputs: Record<string, unknown>, from: Record<string, Resource>) =>
  resource(type, name, {
    inputs: { ...inputs, ...Object.fromEntries(Object.keys(from).map((input) => [input, UNKNOWN])) },
    propertyDependencies: Object.fromEntries(Object.entries(from).map(([input, { urn }]) => [input, [urn]])),
    dependencies: Object.values(from).map(({ urn }) => urn),
  });

export function stateOf(resources: Resource[], pending: { type: string; resource: Resource }[] = []): State {
  return { version: 3, deployment: { manifest: { time: 'x' }, resources, pending_operations: pending } };
}

/** The clouds behind one access, whatever provider asks. */
export const cloudsAt = (access: CloudAccess | string): Clouds => new Clouds(() => Promise.resolve(access));
