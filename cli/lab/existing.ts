import type { LabExistingHost } from '../../lab/existing/machines.ts';
import { fields, portNumber, records, section, text, type Fields } from './fields.ts';
import { NAMESPACE, isRecord } from '../../mesh/config/stack-text.ts';

function existingHost(site: Fields, host: Fields, user: unknown): LabExistingHost | undefined {
  const [own, inherited] = [fields(host.ssh), fields(site.ssh)];
  const [name, address] = [text(host.name), text(own.host)];
  if (name === undefined || address === undefined) return undefined;
  return {
    name,
    address,
    port: portNumber(own.port, inherited.port),
    user: text(own.user, inherited.user, user) ?? 'root',
    lan: text(host.lan) ?? '',
  };
}

const isExisting = (site: unknown): site is Fields => isRecord(site) && site.cloud === 'existing';

/** The existing hosts of a stack: its own `ssh`, else its site's, else the stack's says how to log in. */
export function existingHosts(config: Fields): LabExistingHost[] {
  const user = fields(section(config, 'ssh')).user;
  return Object.values(fields(section(config, 'sites')))
    .filter(isExisting)
    .flatMap((site) => [...records(site.routers), ...records(site.hosts)].map((host) => existingHost(site, host, user)))
    .filter((host) => host !== undefined);
}

/** Named accounts of a stack, each once, with the cloud of the first site that names it. */
export function namedAccounts(config: Fields): { account: string; cloud: string }[] {
  const named = new Map<string, string>();
  for (const site of Object.values(fields(section(config, 'sites'))).filter(isRecord)) {
    const [account, cloud] = [text(site.account), text(site.cloud)];
    if (account !== undefined && cloud !== undefined && !named.has(account)) named.set(account, cloud);
  }
  return [...named].map(([account, cloud]) => ({ account, cloud }));
}

function without(value: unknown, key: string): Fields {
  return Object.fromEntries(Object.entries(fields(value)).filter(([name]) => name !== key));
}

/**
 * The sites of a stack file with every existing host reached the lab's way: by the jump host of the lab instead of one of
 * its own, and with the host key that `hostKey` tells for it. Other sites, and all that is malformed, stay as they are.
 */
export function reachedInLab(config: Fields, hostKey: (host: LabExistingHost) => string | undefined): Fields {
  const sites = section(config, 'sites');
  const user = fields(section(config, 'ssh')).user;
  if (!isRecord(sites) || !Object.values(sites).some(isExisting)) return {};
  const reached = (site: Fields, list: unknown): unknown =>
    !Array.isArray(list)
      ? list
      : list.map((host: unknown) => {
          const found = isRecord(host) ? existingHost(site, host, user) : undefined;
          if (found === undefined || !isRecord(host)) return host;
          return { ...host, ssh: { ...without(host.ssh, 'via'), hostKey: hostKey(found) ?? fields(host.ssh).hostKey } };
        });
  const changed = Object.entries(sites).map(([name, site]): [string, unknown] => {
    if (!isExisting(site)) return [name, site];
    return [
      name,
      {
        ...site,
        ...(isRecord(site.ssh) ? { ssh: without(site.ssh, 'via') } : {}),
        ...('routers' in site ? { routers: reached(site, site.routers) } : {}),
        ...('hosts' in site ? { hosts: reached(site, site.hosts) } : {}),
      },
    ];
  });
  const key = `${NAMESPACE}:sites` in config ? `${NAMESPACE}:sites` : 'sites';
  return { [key]: Object.fromEntries(changed) };
}
