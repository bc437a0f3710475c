import { releaseHash } from '../../mesh/host/hash.ts';
import { hostsOf } from '../../mesh/plan/index.ts';
import type { SitePlan } from '../../mesh/plan/types.ts';
import { pathsOf } from './paths.ts';
import { primaryOf } from './primary.ts';
import { remarks } from './remarks.ts';
import type { DeviceStatus, HostStatus, RoutesReport, SiteStatus, StatusReport } from './types.ts';
import { isOnline, said, type HostView, type View } from './view.ts';

/** Everything that was found out, judged. */
export function reportOf(view: View): StatusReport {
  const { plan, stack, lab, at, devices } = view;
  const found = {
    stack,
    lab: lab ?? null,
    network: plan.network.name,
    at: at.toISOString(),
    tailnet: {
      name: plan.tailnet.name,
      answered: Array.isArray(devices),
      error: Array.isArray(devices) ? null : devices.error,
    },
    sites: plan.sites.map((site) => siteStatus(site, view)),
    paths: pathsOf(view.hosts),
    ...strangers(view),
  };
  const all = remarks(view, found);
  return { ...found, well: all.problems.length === 0, ...all };
}

function siteStatus(site: SitePlan, view: View): SiteStatus {
  const here = view.hosts.filter(({ plan }) => plan.site === site.name);
  const routers = here.filter(({ plan }) => plan.kind === 'router');
  const prefixes = [...new Set(site.routers.flatMap(({ node }) => node?.advertises ?? []))].sort();
  return {
    name: site.name,
    cloud: site.cloud,
    prefixes: prefixes.map((prefix) => primaryOf(prefix, routers, view.hosts)),
    vip: site.vip === undefined ? null : vipOf(site.vip, routers),
    hosts: hostsOf(site).flatMap(({ name }) => here.filter(({ plan }) => plan.name === name).map(hostStatus)),
  };
}

function vipOf(address: string, routers: readonly HostView[]): SiteStatus['vip'] {
  const agents = routers.flatMap(({ plan, asked }) => {
    const agent = said(asked)?.agent;
    return agent === undefined ? [] : [{ name: plan.name, holds: agent.holds === true }];
  });
  return {
    address,
    holders: agents.filter(({ holds }) => holds).map(({ name }) => name),
    agents: agents.length > 0,
  };
}

function hostStatus(host: HostView): HostStatus {
  const { plan, recorded, asked, device } = host;
  const answers = said(asked);
  return {
    name: plan.name,
    kind: plan.kind,
    managed: plan.managed !== undefined,
    address: recorded?.publicAddress ?? null,
    lan: recorded?.lan ?? plan.lan ?? null,
    reached: asked === undefined ? null : asked.answered,
    error: asked?.answered === false ? asked.why : null,
    node: answers?.node === undefined ? null : { state: answers.node.state, online: answers.node.online },
    device: deviceStatus(host),
    routes: routesReport(host),
    release:
      answers?.release === undefined || plan.managed === undefined
        ? null
        : {
            planned: releaseHash(plan.managed.release),
            recorded: recorded?.release ?? '',
            active: answers.release.active,
            pendingRevert: answers.release.pendingRevert,
            drift: answers.release.drift,
          },
    versions: {
      tailscale: short(answers?.peers?.version ?? device?.clientVersion),
      tool: answers?.release?.tool ?? null,
    },
  };
}

/** `1.102.3-t0123…` → `1.102.3` */
function short(version: string | null | undefined): string | null {
  const [number = ''] = (version ?? '').split('-');
  return number === '' ? null : number;
}

/** No time, or Go's zero time. */
const NEVER = /^(0001-|$)/;

function deviceStatus({ plan, device }: HostView): DeviceStatus | null {
  if (device === undefined) return null;
  const online = isOnline(device);
  return {
    nodeId: device.nodeId,
    name: device.name,
    addresses: device.addresses,
    online,
    lastSeen: device.lastSeen ?? null,
    tags: { wanted: plan.node?.tags ?? [], have: device.tags.toSorted() },
    keyExpires: device.keyExpiryDisabled || NEVER.test(device.expires ?? '') ? null : (device.expires ?? null),
  };
}

function routesReport({ plan, asked, device }: HostView): RoutesReport | null {
  if (plan.kind !== 'router') return null;
  const own = said(asked)?.routes;
  return {
    wanted: plan.node?.advertises ?? [],
    advertised: own?.advertised ?? device?.advertisedRoutes ?? null,
    approved: device?.enabledRoutes ?? null,
    drained: own?.drained ?? null,
  };
}

/** Devices that no planned host is. Those without a tag are people's. */
function strangers({ hosts, devices }: View): Pick<StatusReport, 'unplanned' | 'people'> {
  const ours = new Set(hosts.flatMap(({ device }) => device?.nodeId ?? []));
  const others = (Array.isArray(devices) ? devices : []).filter(({ nodeId }) => !ours.has(nodeId));
  return {
    unplanned: others
      .filter(({ tags }) => tags.length > 0)
      .map((device) => ({
        nodeId: device.nodeId,
        name: device.name,
        tags: device.tags.toSorted(),
        online: isOnline(device),
      })),
    people: others.filter(({ tags }) => tags.length === 0).length,
  };
}
