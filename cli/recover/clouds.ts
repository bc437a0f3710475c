import { OceanLookup } from '../../io/digitalocean/lookup.ts';
import { HetznerLookup } from '../../io/hcloud/lookup.ts';
import type { CloudAccess } from './accounts.ts';
import { digitalocean } from './digitalocean.ts';
import { hetzner } from './hetzner.ts';
import type { Resource } from './state.ts';
import type { Finder, Found, Wanted } from './wanted.ts';

/** A finder that has its cloud already. */
interface Bound {
  find(wanted: Wanted): Promise<Found>;
  exists(id: string, outputs: Record<string, unknown>): Promise<boolean>;
}
type Opened = (type: string) => Bound | undefined;

/** The official packages whose objects are looked for. */
const PACKAGES: Readonly<Record<string, { types: readonly string[]; open: (access: CloudAccess) => Opened }>> = {
  hcloud: opening(hetzner, (access) => new HetznerLookup(access)),
  digitalocean: opening(digitalocean, (access) => new OceanLookup(access)),
};

function opening<Cloud>(finders: Readonly<Record<string, Finder<Cloud>>>, connect: (access: CloudAccess) => Cloud) {
  const open = (access: CloudAccess): Opened => {
    const cloud = connect(access);
    return (type) => {
      const finder = finders[type];
      return (
        finder && {
          find: (wanted) => finder.find(cloud, wanted),
          exists: (id, outputs) => finder.exists(cloud, id, outputs),
        }
      );
    };
  };
  return { types: Object.keys(finders), open };
}

/** Whether a killed run can leave an object of this type behind at a cloud. */
export const leavesObjects = (type: string): boolean =>
  Object.values(PACKAGES).some(({ types }) => types.includes(type));

/** Whether it is a machine: born with a key that only the state has. */
export const boots = (type: string): boolean =>
  ['hcloud:index/server:Server', 'digitalocean:index/droplet:Droplet'].includes(type);

/**
 * The clouds of a stack's providers. One look-up for each provider resource: another provider is another account.
 * What it was told it keeps, so make a new one after a change.
 */
export class Clouds {
  readonly #access: (provider: string) => Promise<CloudAccess | string>;
  readonly #opened = new Map<string, Promise<Opened | undefined>>();
  /** Providers that could not be asked, and why. */
  readonly closed = new Map<string, string>();

  constructor(access: (provider: string) => Promise<CloudAccess | string>) {
    this.#access = access;
  }

  async find(resource: Resource, wanted: Wanted): Promise<Found> {
    const bound = await this.#bound(resource);
    return bound === undefined ? { is: 'unknown' } : bound.find(wanted);
  }

  /** undefined when nobody can tell. */
  async exists(resource: Resource): Promise<boolean | undefined> {
    const { id, outputs = {} } = resource;
    const bound = await this.#bound(resource);
    return bound === undefined || id === undefined ? undefined : bound.exists(id, outputs);
  }

  async #bound({ type, provider = '' }: Resource): Promise<Bound | undefined> {
    // The same account, whatever id a provider that is not recorded yet will get.
    const key = provider.split('::').slice(0, 4).join('::');
    let opened = this.#opened.get(key);
    if (opened === undefined) this.#opened.set(key, (opened = this.#open(key, type)));
    return (await opened)?.(type);
  }

  async #open(provider: string, type: string): Promise<Opened | undefined> {
    const access = await this.#access(provider);
    if (typeof access !== 'string') return PACKAGES[type.split(':', 1)[0] ?? '']?.open(access);
    this.closed.set(provider, access);
    return undefined;
  }
}
