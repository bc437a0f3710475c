import { clouds } from '../clouds.ts';
import { allHosts, type Draft, type DraftHost } from '../draft.ts';
import { choice, fault, showPath, type Fault } from '../fault.ts';

/** What the cloud of a site offers, and how many routers a site has. */
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
    const { cloud: name, location } = site.entry;
    if (name === undefined) continue;
    const cloud = clouds[name];
    if (location !== undefined && !Object.hasOwn(cloud.locations, location)) {
      faults.push(
        fault(
          [...site.path, 'location'],
          location,
          `is not a location of ${cloud.title}`,
          choice(location, Object.keys(cloud.locations), ''),
        ),
      );
    }
    const { min, max } = cloud.routers;
    const count = site.routers.length;
    if (count < min)
      faults.push(
        fault(
          [...site.path, 'routers'],
          [],
          'names no subnet router',
          'give the site two routers, so that one can fail: [{ name, lan }, { name, lan }]',
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

/** Host names are unique over all sites: they are hostnames, servers' names, and names in the policy. */
export function hostNameFaults(model: Draft): Fault[] {
  const holders = new Map<string, DraftHost>();
  const aliases = new Map(model.sites.map((site) => [`lan-${site.name}`, site.name]));
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
    const site = aliases.get(name);
    if (site !== undefined)
      faults.push(fault(path, name, `is what the policy calls the prefix of site ${site}`, 'choose another name'));
  }
  return faults;
}
