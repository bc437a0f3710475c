import { cloudOf, clouds, type Cloud, type CloudName } from '../clouds.ts';
import { DEFAULT_ACCOUNT } from '../credentials.ts';
import { hostsOf, type Draft, type DraftHost, type DraftSite } from '../draft.ts';
import { choice, fault, type Fault, type Path } from '../fault.ts';
import { keepsSources } from '../paths.ts';

/** Keys that only some clouds take, and what a cloud without one says about it. */
export function capabilityFaults(model: Draft): Fault[] {
  const sites = model.sites.flatMap((site) => {
    if (site.entry.cloud === undefined) return [];
    const cloud = cloudOf(site.entry.cloud);
    return [
      ...placeFaults(site, cloud),
      ...lanFaults(site, cloud),
      ...snatFaults(site, site.entry.cloud),
      ...serverFaults(site, cloud),
      ...hostsOf(site).flatMap((host) => [...hostFaults(host, cloud), ...serverFaults(host, cloud)]),
    ];
  });
  return [...sites, ...accountFaults(model)];
}

const refuse = (path: Path, value: unknown, problem: string, remedy = 'remove the key'): Fault[] =>
  value === undefined ? [] : [fault(path, value, problem, remedy)];

function placeFaults({ path, entry, given }: DraftSite, cloud: Cloud): Fault[] {
  const { locations } = cloud;
  const at = [...path, 'location'];
  if (locations === undefined)
    return [
      ...refuse(at, entry.location, `does not apply to ${cloud.title}: they stand where they stand`),
      ...refuse([...path, 'account'], entry.account, `does not apply to ${cloud.title}: no cloud is asked for them`),
    ];
  const known = Object.keys(locations);
  const faults = refuse([...path, 'ssh'], entry.ssh, `does not apply at ${cloud.title}: its hosts take what ssh says`);
  if (entry.location === undefined)
    return given.includes('location')
      ? faults
      : [...faults, fault(at, undefined, 'is missing', `choose one of: ${known.toSorted().join(', ')}`)];
  if (Object.hasOwn(locations, entry.location)) return faults;
  const words = `is not a location of ${cloud.title}`;
  return [...faults, fault(at, entry.location, words, choice(entry.location, known, ''))];
}

function lanFaults({ path, entry }: DraftSite, cloud: Cloud): Fault[] {
  if (cloud.lanAddresses === 'declared') return [];
  return [
    ...refuse([...path, 'lan'], entry.lan, `does not apply at ${cloud.title}: the cloud makes the LAN`),
    ...refuse([...path, 'gateway'], entry.gateway, `does not apply at ${cloud.title}: the cloud has its own`),
  ];
}

/** A token belongs to one cloud, so an account does. Told at the sites whose cloud is not that of the first site by name. */
function accountFaults(model: Draft): Fault[] {
  const holders = new Map<string, { site: string; cloud: CloudName }>();
  return model.sites
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, path, entry: { cloud, account } }) => {
      if (account === undefined || cloud === undefined || !cloudOf(cloud).sells) return [];
      const at = [...path, 'account'];
      if (account === DEFAULT_ACCOUNT)
        return refuse(at, account, "is what the cloud's own token is called", 'remove the key to use that token');
      const holder = holders.get(account);
      if (holder === undefined) holders.set(account, { site: name, cloud });
      if (holder === undefined || holder.cloud === cloud) return [];
      const whose = `is the account of site ${holder.site} at ${cloudOf(holder.cloud).title}`;
      return refuse(at, account, `${whose}, and a token belongs to one cloud`, 'give each cloud an account of its own');
    });
}

/** Keeping sources needs a LAN that carries them and an address for the way back; the address means nothing without. */
function snatFaults({ path, entry, given, routers }: DraftSite, name: CloudName): Fault[] {
  const { snat, vip } = entry;
  if (snat === undefined && given.includes('snat')) return [];
  const possible = keepsSources({ cloud: name, lan: entry.lan });
  if (snat === false && !possible.possible)
    return [fault([...path, 'snat'], snat, `cannot be: ${possible.why}`, 'remove snat and vip, or write snat: true')];
  if (snat === false && routers.length === 0)
    return [
      fault(
        [...path, 'snat'],
        snat,
        'concerns subnet routers, and the site has none',
        'remove snat and vip, or list routers',
      ),
    ];
  if (snat === false && !given.includes('vip'))
    return [
      fault(
        [...path, 'vip'],
        vip,
        'is missing: with snat: false the LAN needs a way back',
        'give a free address of the site, for example its last',
      ),
    ];
  if (snat !== false)
    return refuse(
      [...path, 'vip'],
      vip,
      'has no use while the routers masquerade',
      possible.possible ? 'write snat: false beside it, or remove it' : 'remove the key',
    );
  return [];
}

function hostFaults({ path, entry, kind, given }: DraftHost, cloud: Cloud): Fault[] {
  const at = (key: string): Path => [...path, key];
  const faults = Object.entries(entry.commands ?? {}).flatMap(([name, { on }]) =>
    refuse([...path, 'commands', name, 'on'], on, 'is for commands of a site: this one has its host'),
  );
  if (cloud.lanAddresses === 'assigned')
    faults.push(...refuse(at('lan'), entry.lan, `cannot be chosen: ${cloud.title} assigns LAN addresses`));
  else if (!given.includes('lan'))
    faults.push(
      fault(at('lan'), undefined, 'is missing', 'give the host an address inside its site, for example 10.77.10.10'),
    );
  if (kind === 'router' && entry.member === false)
    faults.push(
      fault(at('member'), false, 'cannot be: a subnet router is a member', 'remove the key, or list it under hosts'),
    );
  if (cloud.sells) {
    faults.push(...refuse(at('ssh'), entry.ssh, `does not apply at ${cloud.title}: the server is made, not found`));
    if ((entry.accepts ?? []).length > 0)
      faults.push(
        ...refuse(at('accepts'), entry.accepts, 'is for existing hosts: a new server has nothing in the way'),
      );
    return faults;
  }
  faults.push(
    ...refuse(
      at('formerly'),
      entry.formerly,
      'is for servers: an existing machine is known by its name alone',
      'remove it from the config, up, and add it under its new name',
    ),
  );
  const needs = kind === 'router' ? 'a subnet router' : entry.member === true ? 'a member' : undefined;
  const commands = Object.keys(entry.commands ?? {}).length > 0;
  if (!given.includes('ssh') && (needs !== undefined || commands))
    faults.push(
      fault(
        at('ssh'),
        undefined,
        `is missing: ${needs ?? 'a host with commands'} is configured over SSH`,
        'write ssh: { host, hostKey }',
      ),
    );
  else if (!given.includes('ssh') && (entry.accepts ?? []).length > 0)
    faults.push(...refuse(at('accepts'), entry.accepts, 'has no use: without ssh nothing is configured on the host'));
  return faults;
}

/** What is bought, as a site says it for its hosts or a host for itself. */
function serverFaults({ path, entry }: DraftSite | DraftHost, cloud: Cloud): Fault[] {
  const { servers } = cloud;
  if (servers === undefined)
    return (['serverType', 'image', 'backups'] as const).flatMap((key) =>
      refuse([...path, key], entry[key], `does not apply to ${cloud.title}: nothing is bought`),
    );
  const type = entry.serverType;
  if (type === undefined || servers.type.test(type)) return [];
  const other = Object.values<Cloud>(clouds).find((one) => one !== cloud && one.servers?.type.test(type));
  const whose = other === undefined ? '' : `; it looks like one of ${other.title}`;
  const remedy = `give a type by its name, for example ${servers.defaults.serverType}`;
  return [fault([...path, 'serverType'], type, `is not the name of a server type of ${cloud.title}${whose}`, remedy)];
}
