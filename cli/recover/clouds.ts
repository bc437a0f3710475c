import { HetznerLookup } from '../../io/hcloud/lookup.ts';
import type { CloudAccess } from './accounts.ts';
import { hetzner } from './hetzner.ts';
import type { Resource } from './state.ts';
import type { Finder, Found, Wanted } from './wanted.ts';

/** The official packages whose objects are looked for. */
const PACKAGES = {
  hcloud: { finders: hetzner, open: (access: CloudAccess) => new HetznerLookup(access) },
} as const;

/** A finder that has its cloud already. */
interface Bound {
  find(wanted: Wanted): Promise<Found>;
  exists(id: string, outputs: Record<string, unknown>): Promise<boolean>;
}

const bind = <Cloud>(finder: Finder<Cloud> | undefined, cloud: Cloud): Bound | undefined =>
  finder && {
    find: (wanted) => finder.find(cloud, wanted),
    exists: (id, outputs) => finder.exists(cloud, id, outputs),
  };

export const clouds = {
  /** Types of which a killed run can leave an object behind. */
  knows: (type: string): boolean => Object.values(PACKAGES).some(({ finders }) => Object.hasOwn(finders, type)),
  /** Types that are machines: born with a key that only the state has. */
  boots: (type: string): boolean => ['hcloud:index/server:Server', 'digitalocean:index/droplet:Droplet'].includes(type),
};

/**
 * The clouds of a stack's providers. One look-up for each provider resource: another provider is another account.
 * What it was told it keeps, so make a new one after a change.
 */
export class Clouds {
  readonly #access: (provider: string) => Promise<CloudAccess | string>;
  readonly #open = new Map<string, Promise<((type: string) => Bound | undefined) | string>>();
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
    const pkg = type.split(':', 1)[0] ?? '';
    // The same account, whatever id a provider that is not recorded yet will get.
    const key = provider.split('::').slice(0, 4).join('::');
    let opened = this.#open.get(key);
    if (opened === undefined) this.#open.set(key, (opened = this.#connect(key, pkg)));
    const bound = await opened;
    return typeof bound === 'string' ? undefined : bound(type);
  }

  async #connect(provider: string, pkg: string): Promise<((type: string) => Bound | undefined) | string> {
    const access = await this.#access(provider);
    if (typeof access === 'string') {
      this.closed.set(provider, access);
      return access;
    }
    if (pkg === 'hcloud') {
      const cloud = PACKAGES.hcloud.open(access);
      return (type) => bind(PACKAGES.hcloud.finders[type], cloud);
    }
    return (this.closed.set(provider, `${pkg} is not a cloud that is looked at`), '');
  }
}
