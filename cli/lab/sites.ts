import type { LabSite } from '../../lab/api/config.ts';
import { fields, portNumber, records, section, text, type Fields } from './fields.ts';
import { isRecord } from '../../mesh/config/stack-text.ts';

/** Where the hosts of a stack stand, and what the owner of an existing site would have set up there. */
export function labSites(config: Fields): LabSite[] {
  const network = fields(section(config, 'network'));
  return Object.entries(fields(section(config, 'sites')))
    .filter((entry): entry is [string, Fields] => isRecord(entry[1]))
    .map(([name, site]) => ({
      name,
      hosts: [
        ...records(site.routers).flatMap((host) => labHost(site, host, true)),
        ...records(site.hosts).flatMap((host) => labHost(site, host, false)),
      ],
      ...labLan(site, network),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function labHost(site: Fields, host: Fields, router: boolean): LabSite['hosts'] {
  const name = text(host.name);
  if (name === undefined) return [];
  const [own, inherited] = [fields(host.ssh), fields(site.ssh)];
  const address = text(own.host);
  return [
    {
      name,
      router,
      ...(address !== undefined && { address, port: portNumber(own.port, inherited.port) }),
      ...optional('lan', host.lan),
      ...optional('lan6', host.lan6),
    },
  ];
}

function labLan(site: Fields, network: Fields): Pick<LabSite, 'lan'> {
  const [cidr, supernet] = [text(site.cidr), text(network.supernet)];
  if (site.cloud !== 'existing' || cidr === undefined || supernet === undefined) return {};
  return {
    lan: {
      kind: site.lan === 'routed' ? 'routed' : 'layer2',
      cidr,
      supernet,
      ...optional('cidr6', site.cidr6),
      ...optional('gateway', site.gateway),
      ...optional('vip', site.vip),
      ...optional('vip6', site.vip6),
      ...optional('supernet6', network.supernet6),
    },
  };
}

const optional = <Key extends string>(key: Key, value: unknown): Partial<Record<Key, string>> => {
  const known = text(value);
  return known === undefined ? {} : ({ [key]: known } as Record<Key, string>);
};
