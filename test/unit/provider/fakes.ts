import { releaseHash } from '../../../mesh/host/hash.ts';
import type { Finding, Preflight } from '../../../mesh/host/preflight.ts';
import { UserError } from '../../../io/rpc/types.ts';
import type { Inputs, Operation } from '../../../io/rpc/types.ts';
import type { Connection } from '../../../io/ssh/connect.ts';
import { SshError } from '../../../io/ssh/errors.ts';
import type { Peer } from '../../../io/ssh/host-answers.ts';
import { HostToolError } from '../../../io/ssh/host-tool.ts';
import type { HostTool, JoinRequest, StageRequest } from '../../../io/ssh/host-tool.ts';
import type { MeshClient } from '../../../provider/client.ts';
import type { FakeTailnet } from './fake-tailnet.ts';

export interface FakeOperation extends Operation {
  logs: { severity: string; message: string }[];
  abort: () => void;
}

export function operation(): FakeOperation {
  const controller = new AbortController();
  const logs: FakeOperation['logs'] = [];
  return {
    urn: 'urn:pulumi:staging::site-mesh::mesh:index:Thing::fra-edge-01',
    name: 'fra-edge-01',
    log: (severity, message) => logs.push({ severity, message }),
    status: () => undefined,
    signal: controller.signal,
    logs,
    abort: () => controller.abort(),
  };
}

export const connection = {
  host: '203.0.113.10',
  user: 'ops',
  privateKey: 'PRIVATE',
  hostKey: 'ecdsa-sha2-nistp256 BOOT',
};

/** A router's node. */
export const nodeInputs: Inputs = {
  tailnet: 'acme-staging',
  serverId: '1017',
  connection,
  hostname: 'fra-edge-01',
  tags: ['tag:router'],
  advertiseRoutes: ['10.77.10.0/24'],
  acceptRoutes: true,
  snat: true,
};

const ED25519 = 'ssh-ed25519 OWN';
/** A machine on which nothing of a release would be new. */
export const NOTHING: Preflight = {
  first: true,
  files: [],
  packages: [],
  units: [],
  sysctls: [],
  ssh: { hostKeys: { present: ['ecdsa'], made: [] }, allowed: null, losing: [] },
  ours: { tables: [], rules: [] },
  findings: [],
};

/** A host that answers as docs/host-protocol.md says, over connections that are counted. */
export class FakeHost {
  readonly verbs: string[] = [];
  readonly connections: Connection[] = [];
  readonly staged: StageRequest[] = [];
  readonly preflights: StageRequest[] = [];
  /** What a preflight finds in the way. */
  findings: Finding[] = [];
  active: string | null = null;
  confirmed: string | null = null;
  drift: string[] = [];
  firstBoot: ('running' | 'done')[] = ['done'];
  node: { nodeId: string; tags: string[]; settings?: Omit<JoinRequest, 'authKey'> } | undefined;
  drained = false;
  online = true;
  reachable = true;
  peers: Peer[] = [];
  /** Thrown by that verb, in turn; undefined lets it through. */
  throws: Record<string, (Error | undefined)[]> = {};
  /** Done after the verb took effect and before its answer leaves. */
  after: Record<string, (() => void) | undefined> = {};
  computedHash: string | undefined;
  private activatedBy = -1;
  private readonly tailnet: FakeTailnet | undefined;

  constructor(tailnet?: FakeTailnet) {
    this.tailnet = tailnet;
  }

  client(): MeshClient {
    const tailnet: MeshClient['tailnet'] =
      this.tailnet === undefined
        ? { state: 'none' }
        : { state: 'known', api: this.tailnet.api, name: 'acme-staging', home: 'acme-staging' };
    return {
      tailnet,
      hosts: {
        open: (to, { signal }) => {
          if (signal.aborted) return Promise.reject(new SshError('cancelled', 'host', 'cancelled'));
          if (!this.reachable)
            return Promise.reject(new SshError('unreachable', 'host', 'fra-edge-01: connection refused'));
          this.connections.push(to);
          return Promise.resolve({ tool: this.tool(this.connections.length), close: () => undefined });
        },
      },
    };
  }

  private tool(number: number): HostTool {
    const run = async <T>(verb: string, answer: () => T): Promise<T> => {
      this.verbs.push(verb);
      await Promise.resolve();
      const error = this.throws[verb]?.shift();
      if (error !== undefined) throw error;
      const result = answer();
      this.after[verb]?.();
      return result;
    };
    const state = (code: string) => new HostToolError(code, 4, `fra-edge-01: ${code}`);
    return {
      facts: () =>
        run('facts', () => ({
          hostname: 'fra-edge-01',
          os: { id: 'debian', version: '12' },
          kernel: '6.1',
          python: '3.11',
          bootId: 'b',
          firstBoot: (this.firstBoot.length > 1 ? this.firstBoot.shift() : this.firstBoot[0]) ?? 'done',
          interfaces: { public: null, lan: null },
          hostKeys: { ed25519: null, ecdsa: null },
        })),
      preflight: (request) =>
        run('preflight', () => {
          this.preflights.push(request);
          return { ...NOTHING, first: this.confirmed === null, findings: this.findings };
        }),
      stage: (request) =>
        run('stage', () => {
          this.staged.push(request);
          return { hash: this.computedHash ?? releaseHash(request.release), checks: [], changed: [] };
        }),
      activate: (hash, revertInSeconds) =>
        run('activate', () => {
          if (!this.staged.some(({ release }) => releaseHash(release) === hash)) throw state('not-staged');
          this.active = hash;
          this.activatedBy = number;
          return { active: hash, previous: this.confirmed, revertInSeconds, restarted: [] };
        }),
      confirm: (hash) =>
        run('confirm', () => {
          if (this.active !== hash) throw state('not-active');
          if (this.activatedBy === number) throw state('same-connection');
          this.confirmed = hash;
          return { confirmed: hash, checks: [], hostKey: ED25519 };
        }),
      status: () =>
        run('status', () => ({
          active: this.active,
          confirmed: this.confirmed,
          pendingRevert: this.active !== this.confirmed,
          live: this.active,
          drift: this.drift,
          hostKey: ED25519,
          tool: null,
        })),
      restore: () => run('restore', () => ({ restored: ['/etc/x'], kept: [] })),
      nodeJoin: (request) =>
        run(request.authKey === '' ? 'ask' : 'join', () => {
          const { authKey, ...settings } = request;
          // tailscaled learns its tags from the control server; of a deleted device it may not have heard yet.
          const now =
            this.node === undefined ? undefined : (this.tailnet?.devices.get(this.node.nodeId)?.tags ?? this.node.tags);
          const same =
            now !== undefined && JSON.stringify([...now].sort()) === JSON.stringify([...request.tags].sort());
          if (!same && authKey === '') throw state('not-joined');
          if (!same) {
            const joined = this.tailnet?.join(request);
            if (joined === undefined) throw new UserError('no tailnet');
            this.node = joined;
          }
          const nodeId = this.node?.nodeId ?? '';
          const tags = [...request.tags];
          this.node = { nodeId, tags, settings };
          this.advertise();
          return { nodeId, name: request.hostname, addresses: [], tags, adopted: same, retired: [] };
        }),
      nodeStatus: () =>
        run('node status', () => ({
          state: this.node === undefined ? 'NeedsLogin' : 'Running',
          nodeId: this.node?.nodeId ?? null,
          name: null,
          tailnet: null,
          addresses: null,
          tags: null,
          online: this.node === undefined ? null : this.online,
        })),
      nodeLeave: () =>
        run('leave', () => {
          const left = this.node !== undefined;
          this.node = undefined;
          return { left };
        }),
      routeAdvertise: () =>
        run('advertise', () => {
          this.drained = false;
          return this.advertise();
        }),
      routeDrain: () =>
        run('drain', () => {
          if (this.node === undefined) throw state('not-joined');
          this.drained = true;
          return this.advertise();
        }),
      nodePeers: () =>
        run('node peers', () => ({ state: 'Running', online: this.online, version: '1.102.3', peers: this.peers })),
      routeStatus: () =>
        run('route status', () => ({ wanted: this.node?.settings?.advertiseRoutes ?? [], ...this.advertise() })),
      agentStatus: () =>
        run('agent status', () => {
          throw new HostToolError('usage', 2, 'fra-edge-01: agent status: not a line');
        }),
      pathMtu: (address) =>
        run('path mtu', () => {
          throw new HostToolError('no-network', 4, `fra-edge-01: path mtu: no packet can be sent to ${address}`);
        }),
    };
  }

  /** What the join asked for, unless drained; the tailnet hears of it. */
  private advertise(): { advertised: string[]; drained: boolean } {
    const advertised = this.drained ? [] : (this.node?.settings?.advertiseRoutes ?? []);
    if (this.node !== undefined) this.tailnet?.advertised.set(this.node.nodeId, advertised);
    return { advertised, drained: this.drained };
  }
}

/** What a hook threw, as text; fails when it did not. */
export async function thrownBy(work: Promise<unknown>): Promise<Error> {
  const thrown: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof Error) return thrown;
  throw new Error('expected a failure');
}

/** Plain data by way of JSON: what a state keeps. */
export function recorded(outputs: Inputs): Inputs {
  return JSON.parse(JSON.stringify(outputs)) as Inputs;
}
