import { cloudOf, IPV6_ALIAS } from '../clouds.ts';
import { allHosts, type Draft, type DraftHost, type DraftSite } from '../draft.ts';
import { fault, showPath, type Fault } from '../fault.ts';
import { isMapping } from '../schema-faults.ts';

/** That there are sites, how many routers each has, and that it has any host. */
export function siteFaults(model: Draft, raw: Record<string, unknown>): Fault[] {
  const faults: Fault[] = [];
  if (model.sites.length === 0 && raw.sites !== undefined) {
    faults.push(
      fault(
        ['sites'],
        raw.sites,
        'describes no site',
        'describe one: eu-fra: { cloud: hetzner, location: fsn1, cidr: …, routers: … }; to remove everything, run pulumi destroy',
      ),
    );
  }
  for (const site of model.sites) {
    if (site.entry.cloud === undefined) continue;
    const { min, max } = cloudOf(site.entry.cloud).routers;
    const count = site.routers.length;
    if (count < min && !unread(raw, site, 'routers'))
      faults.push(
        fault(
          [...site.path, 'routers'],
          [],
          'names no subnet router',
          'give the site two routers, so that one can fail: [{ name, lan }, { name, lan }]',
        ),
      );
    const empty =
      count === 0 && site.hosts.length === 0 && !unread(raw, site, 'routers') && !unread(raw, site, 'hosts');
    if (empty && min === 0)
      faults.push(
        fault(
          [...site.path, 'hosts'],
          [],
          'and routers are both empty: the site has no host',
          'list its hosts: [{ name, … }], or remove the site',
        ),
      );
    if (count > max) {
      faults.push(
        fault(
          [...site.path, 'routers'],
          `${count} routers`,
          `is more than the ${max} that work as active and standby`,
          'keep two; others belong under hosts',
        ),
      );
    }
  }
  return faults;
}

/** Does something stand there that is no list? Then it is not empty as well. */
function unread({ sites }: Record<string, unknown>, { name }: DraftSite, key: 'routers' | 'hosts'): boolean {
  const site = isMapping(sites) ? sites[name] : undefined;
  return isMapping(site) && site[key] !== undefined && !Array.isArray(site[key]);
}

/** Host names are unique over all sites: they are hostnames, servers' names, and names in the policy. */
export function hostNameFaults(model: Draft): Fault[] {
  const holders = new Map<string, DraftHost>();
  const aliases = aliasesOf(model);
  const faults: Fault[] = [];
  for (const host of allHosts(model)) {
    const { name } = host.entry;
    if (name === undefined) continue;
    const path = [...host.path, 'name'];
    const holder = holders.get(name);
    if (holder)
      faults.push(
        fault(
          path,
          name,
          `is already the name of ${showPath(holder.path)}`,
          'give every host of the stack a name of its own',
        ),
      );
    else holders.set(name, host);
    faults.push(...formerNameFaults(host, model));
    const taken = aliases.get(name);
    if (taken !== undefined) faults.push(fault(path, name, `is what the policy calls ${taken}`, 'choose another name'));
  }
  return faults;
}

/** Names that the policy gives prefixes and second addresses; what it calls → what that is, for people. */
function aliasesOf(model: Draft): Map<string, string> {
  const second = (name: string): string => `${name}${IPV6_ALIAS}`;
  return new Map([
    ...model.sites.flatMap(({ name }): [string, string][] => [
      [`lan-${name}`, `the prefix of site ${name}`],
      [second(`lan-${name}`), `the IPv6 prefix of site ${name}`],
    ]),
    ...allHosts(model).flatMap(({ entry: { name, lan6 } }): [string, string][] =>
      name === undefined || lan6 === undefined ? [] : [[second(name), `the IPv6 address of ${name}`]],
    ),
  ]);
}

/** A former name means one host: the state has one of that name, and it becomes this one. */
function formerNameFaults({ path, entry: { name, formerly } }: DraftHost, model: Draft): Fault[] {
  if (formerly === undefined) return [];
  const at = [...path, 'formerly'];
  if (formerly === name) return [fault(at, formerly, 'is the name that it has now', 'remove the key')];
  const holder = allHosts(model).find(({ entry }) => entry.name === formerly);
  if (holder !== undefined)
    return [
      fault(
        at,
        formerly,
        `is the name of ${showPath(holder.path)}`,
        'rename one after the other, each in an up of its own',
      ),
    ];
  const [first] = allHosts(model).filter(({ entry }) => entry.formerly === formerly);
  return first === undefined || first.entry.name === name
    ? []
    : [fault(at, formerly, `is already the former name of ${showPath(first.path)}`, 'keep one of the two')];
}
