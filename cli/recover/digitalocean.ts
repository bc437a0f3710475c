import type { OceanKind, OceanLookup, OceanObject } from '../../io/digitalocean/lookup.ts';
import { textFrom, type Finder, type Found, type Wanted } from './wanted.ts';

const token = (name: string): string => `digitalocean:index/${name}:${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`;
const DROPLET = token('droplet');
const RESERVED_IP = token('reservedIp');
const PROJECT = token('project');

/** Either of them on a droplet says that it is ours. */
const MARKS = ['managed-by:site-mesh', 'site-mesh'];

interface Rule<Kind extends OceanKind> {
  kind: Kind;
  /** For people. */
  what: string;
  id: (object: OceanObject<Kind>) => string;
  /** Whether an object of the wanted name is ours. */
  ours: (object: OceanObject<Kind>, wanted: Wanted) => boolean;
  /** What it is by which that is told, for people. */
  mark: string;
  /** Whether an object of another name stands in the way all the same. */
  alike?: (object: OceanObject<Kind>, wanted: Wanted) => boolean;
}

/** Names are not unique for every kind here: two of one name are told, and none of them is taken. */
function byName<Kind extends Exclude<OceanKind, 'reserved_ips'>>(rule: Rule<Kind>): Finder<OceanLookup> {
  const { kind, what, id, ours, mark, alike } = rule;
  const nameIn = (object: OceanObject<Kind>): string => object.name;
  const title = (object: OceanObject<Kind>): string => `${what} ${nameIn(object)}, id ${id(object)}`;
  return {
    async find(cloud, wanted): Promise<Found> {
      const name = textFrom(wanted, 'name');
      if (name === undefined) return { is: 'unknown' };
      const objects = await cloud.list(kind);
      const named = objects.filter((object) => nameIn(object) === name);
      const mine = named.filter((object) => ours(object, wanted));
      const [first, second] = mine;
      if (first !== undefined && second === undefined) return { is: 'ours', id: id(first), what: title(first) };
      if (first !== undefined)
        return {
          is: 'ambiguous',
          what: `${mine.length} ${what}s of this name carry our mark`,
          which: mine.map(title),
          way: `find out which of them is the right one, delete the others, and run mesh recover again`,
        };
      const [other] = [...named, ...(alike ? objects.filter((object) => alike(object, wanted)) : [])];
      if (other === undefined) return { is: 'absent' };
      return {
        is: 'foreign',
        what: `${title(other)} is at DigitalOcean, but without ${mark}: it is not taken over`,
        way: `remove or rename it; or, if it is yours, give it ${mark} and run mesh recover again`,
      };
    },
    exists: async (cloud, wanted) => (await cloud.list(kind)).some((object) => id(object) === wanted),
  };
}

const keyBlob = (line: unknown): string | undefined =>
  typeof line === 'string' ? line.trim().split(/\s+/, 2).join(' ') : undefined;
const sameKey = (key: OceanObject<'ssh_keys'>, wanted: Wanted): boolean =>
  keyBlob(key.public_key) === keyBlob(wanted.inputs.publicKey);
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

/** An address has neither name nor tag: only whom it belongs to tells it, and before it is assigned nothing does. */
const reservedIp: Finder<OceanLookup> = {
  async find(cloud, wanted): Promise<Found> {
    const region = textFrom(wanted, 'region');
    const free = (await cloud.list('reserved_ips')).filter(
      (address) =>
        (address.droplet ?? null) === null && address.region?.slug === region && !wanted.recorded.has(address.ip),
    );
    if (free.length === 0) return { is: 'absent' };
    return {
      is: 'ambiguous',
      what: `${free.length} reserved address${free.length === 1 ? ' is' : 'es are'} in ${region ?? 'no region'} and belong to no droplet; one may be the one that was being made`,
      which: free.map(({ ip }) => ip),
      perhaps: true,
      way: 'release what nobody needs, it costs money; or import it: pulumi import digitalocean:index/reservedIp:ReservedIp, with the name and parent of the resource',
    };
  },
  exists: async (cloud, id) => (await cloud.list('reserved_ips')).some(({ ip }) => ip === id),
};

const assignment: Finder<OceanLookup> = {
  async find(cloud, wanted): Promise<Found> {
    const [address, droplet] = [textFrom(wanted, 'ipAddress', RESERVED_IP), textFrom(wanted, 'dropletId', DROPLET)];
    if (address === undefined || droplet === undefined) return { is: 'unknown' };
    const found = (await cloud.list('reserved_ips')).find(({ ip }) => ip === address);
    const holder = found?.droplet?.id;
    if (holder === undefined) return { is: 'absent' };
    if (String(holder) !== droplet)
      return {
        is: 'foreign',
        what: `${address} is assigned to droplet ${holder}, not to ${droplet}`,
        way: 'unassign it in the console; the next up assigns it where it belongs',
      };
    return {
      is: 'ours',
      // The plugin makes up an id of the same two halves, and reads by them alone.
      id: `${droplet}-${address}-recovered`,
      what: `assignment of ${address} to droplet ${droplet}`,
      outputs: { ipAddress: address, dropletId: Number(droplet) },
    };
  },
  async exists(cloud, _id, outputs) {
    const found = (await cloud.list('reserved_ips')).find(({ ip }) => ip === outputs.ipAddress);
    return found?.droplet?.id === outputs.dropletId;
  },
};

/** Which project shows what can be said again at any time: nothing of it is lost, so nothing is adopted. */
const projectResources: Finder<OceanLookup> = {
  find: () => Promise.resolve({ is: 'absent' }),
  exists: async (cloud, id) => (await cloud.list('projects')).some((project) => project.id === id),
};

/** By resource type: what of DigitalOcean's a killed run can leave behind. */
export const digitalocean: Readonly<Record<string, Finder<OceanLookup>>> = {
  [token('sshKey')]: byName({
    kind: 'ssh_keys',
    what: 'SSH key',
    id: ({ id }) => String(id),
    ours: sameKey,
    mark: 'our key in it',
    // The account takes a key once, whatever its name.
    alike: sameKey,
  }),
  [token('vpc')]: byName({
    kind: 'vpcs',
    what: 'VPC',
    id: ({ id }) => id,
    ours: (vpc, { inputs }) =>
      vpc.region === text(inputs.region) &&
      vpc.ip_range === text(inputs.ipRange) &&
      (vpc.description ?? '') === (text(inputs.description) ?? ''),
    mark: 'our region, range and description',
  }),
  [token('tag')]: byName({ kind: 'tags', what: 'tag', id: ({ name }) => name, ours: () => true, mark: 'its name' }),
  [token('firewall')]: byName({
    kind: 'firewalls',
    what: 'firewall',
    id: ({ id }) => id,
    ours: (firewall, { inputs }) => firewall.tags.some((tag) => texts(inputs.tags).includes(tag)),
    mark: 'our tag',
  }),
  [DROPLET]: byName({
    kind: 'droplets',
    what: 'droplet',
    id: ({ id }) => String(id),
    ours: (droplet) => droplet.tags.some((tag) => MARKS.includes(tag)),
    mark: `the tag ${MARKS[0] ?? ''}`,
  }),
  [RESERVED_IP]: reservedIp,
  [token('reservedIpAssignment')]: assignment,
  [PROJECT]: byName({
    kind: 'projects',
    what: 'project',
    id: ({ id }) => id,
    ours: (project, { inputs }) => (project.description ?? '') === (text(inputs.description) ?? ''),
    mark: 'our description',
  }),
  [token('projectResources')]: projectResources,
};
