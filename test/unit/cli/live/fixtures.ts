import { meshConfig } from '../../../../cli/mesh-config.ts';
import type { RecordedHost } from '../../../../cli/live/outputs.ts';
import { readStackFile } from '../../../../cli/stack-file.ts';
import type { Asked, HostAnswers } from '../../../../cli/status/ask.ts';
import { reportOf } from '../../../../cli/status/report.ts';
import type { Remark, StatusReport } from '../../../../cli/status/types.ts';
import { viewOf, type Found } from '../../../../cli/status/view.ts';
import type { Peer } from '../../../../io/ssh/host-answers.ts';
import type { ListedDevice } from '../../../../io/tailscale/client.ts';
import { releaseHash } from '../../../../mesh/host/hash.ts';
import { hostsOf, planMesh } from '../../../../mesh/plan/index.ts';
import type { HostPlan, MeshPlan } from '../../../../mesh/plan/types.ts';

export const planOf = (stack: string): MeshPlan => planMesh(meshConfig(readStackFile(stack)), { stack, now: NOW });

const NOW = new Date('2026-03-01T02:30:00.000Z');

export const peerOf = (nodeId: string, more: Partial<Peer> = {}): Peer => ({
  name: nodeId,
  nodeId,
  addresses: [],
  tags: [],
  online: true,
  active: false,
  curAddr: '',
  relay: '',
  peerRelay: '',
  primaryRoutes: [],
  lastHandshake: null,
  rx: 0,
  tx: 0,
  keyExpiry: null,
  ...more,
});

/** A stack on which all is well, to be spoilt: what its state, its tailnet and its hosts say. */
export class Night {
  readonly plan: MeshPlan;
  readonly recorded: RecordedHost[];
  readonly devices: ListedDevice[];
  readonly asked = new Map<string, Asked>();
  /** Said by the tailnet instead of its devices. */
  error: string | undefined;

  constructor(stack = 'staging') {
    this.plan = planOf(stack);
    const managed = this.plan.sites.flatMap(hostsOf).filter((host) => host.managed !== undefined);
    this.recorded = managed.map((host, index) => ({
      name: host.name,
      site: host.site,
      publicAddress: `203.0.113.${index + 1}`,
      lan: host.lan ?? `10.9.9.${index + 1}`,
      tailnetAddresses: host.node === undefined ? [] : [`100.64.0.${index + 1}`, `fd7a:115c:a1e0::${index + 1}`],
      release: hashOf(host),
      hostKey: `ssh-ed25519 ${host.name}`,
    }));
    this.devices = managed.flatMap((host) => (host.node === undefined ? [] : [this.#device(host)]));
    for (const host of managed) this.asked.set(host.name, { answered: true, said: this.#answers(host) });
  }

  record(name: string): RecordedHost {
    return found(this.recorded.find((host) => host.name === name));
  }

  device(name: string): ListedDevice {
    return found(this.devices.find(({ hostname }) => hostname === name));
  }

  said(name: string): HostAnswers {
    const asked = this.asked.get(name);
    if (asked?.answered !== true) throw new Error(`${name} says nothing`);
    return asked.said;
  }

  silent(name: string, why = `${name} (203.0.113.9:22): connection timed out`): void {
    this.asked.set(name, { answered: false, why });
  }

  /** Everybody sees that this router carries these prefixes; it itself sees that nobody else does. */
  carries(name: string, prefixes: string[]): void {
    const nodeId = `n-${name}`;
    for (const asked of this.asked.values()) {
      if (!asked.answered || asked.said.peers === undefined) continue;
      for (const peer of asked.said.peers.peers) {
        if (peer.nodeId === nodeId) peer.primaryRoutes = prefixes;
        else peer.primaryRoutes = peer.primaryRoutes.filter((route) => !prefixes.includes(route));
      }
    }
  }

  found(more: Partial<Found> = {}): Found {
    const { plan, recorded, asked } = this;
    const devices = this.error === undefined ? this.devices : { error: this.error };
    return { stack: 'staging', lab: undefined, plan, at: NOW, recorded, asked, devices, ...more };
  }

  report(more: Partial<Found> = {}): StatusReport {
    return reportOf(viewOf(this.found(more)));
  }

  /** `what about` of every problem. */
  problems(more: Partial<Found> = {}): string[] {
    return words(this.report(more).problems);
  }

  #device({ name, node }: HostPlan): ListedDevice {
    return {
      nodeId: `n-${name}`,
      name: `${name}.tail1.ts.net`,
      hostname: name,
      addresses: this.record(name).tailnetAddresses,
      tags: node?.tags ?? [],
      created: '2026-01-01T00:00:00Z',
      clientVersion: '1.102.3-t1-g2',
      connectedToControl: true,
      lastSeen: null,
      authorized: true,
      keyExpiryDisabled: true,
      expires: null,
      advertisedRoutes: node?.advertises ?? [],
      enabledRoutes: node?.advertises ?? [],
    };
  }

  #answers(host: HostPlan): HostAnswers {
    const hash = hashOf(host);
    const release = {
      active: hash,
      confirmed: hash,
      pendingRevert: false,
      live: hash,
      drift: [],
      hostKey: null,
      tool: '0123456789abcdef',
    };
    if (host.node === undefined) return { release, failed: [] };
    const { node, name } = host;
    const others = this.plan.sites.flatMap((site) =>
      hostsOf(site).flatMap((other) => {
        if (other.node === undefined || other.name === name) return [];
        // The first of a pair is the elder one, and carries the prefix.
        const first = site.routers[0]?.name === other.name;
        return [peerOf(`n-${other.name}`, { primaryRoutes: first ? other.node.advertises : [] })];
      }),
    );
    const state = { state: 'Running', online: true };
    return {
      release,
      node: { ...state, nodeId: `n-${name}`, name, tailnet: 't', addresses: [], tags: node.tags },
      peers: { ...state, version: '1.102.3-t1', peers: others },
      ...(host.kind === 'router' && {
        routes: { wanted: node.advertises, advertised: [...node.advertises], drained: false },
      }),
      failed: [],
    };
  }
}

const hashOf = ({ managed }: HostPlan): string => (managed === undefined ? '' : releaseHash(managed.release));

export const words = (remarks: readonly Remark[]): string[] => remarks.map(({ what, about }) => `${what} ${about}`);

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the fixture has no such host');
  return value;
}
