import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { obtainDaemons, type Daemons } from '../../../engine/daemons/index.ts';
import { createNet } from '../../../lab/machines/net/index.ts';
import { controlAddress, tailnetNames, type Net } from '../../../lab/machines/types.ts';
import { aroundHeadscale } from '../../../lab/tailnet/headscale/around.ts';
import { HeadscaleClient } from '../../../lab/tailnet/headscale/client.ts';
import { headscalePaths, PORTS, type HeadscalePaths } from '../../../lab/tailnet/headscale/config.ts';
import { createHeadscales } from '../../../lab/tailnet/headscale/index.ts';
import { startHeadscale } from '../../../lab/tailnet/headscale/process.ts';
import { dnsNameOf } from '../../../lab/tailnet/scope.ts';
import { labAuthority, type LabAuthority } from '../../../lab/tls.ts';
import type { TailnetBench } from '../../contract/tailnet/bench.ts';
import { ACME, OTHER, startTailnet } from '../../unit/lab/tailnet-fixtures.ts';
import { TailnetNode } from './node.ts';

const TAILNETS = [ACME, OTHER].map(({ name }) => ({ tailnet: name }));

/** A headscale of one's own, and nodes that join it by the keys that it makes. */
export interface Server {
  client: HeadscaleClient;
  paths: HeadscalePaths;
  /** As somebody with another key. */
  as(apiKey: string): HeadscaleClient;
  join(authKey: string, hostname: string, routes: string[]): Promise<TailnetNode>;
  close(): Promise<void>;
}

/** The internet of a lab without machines: control servers and nodes come and go in it. */
export class Ground {
  readonly dir: string;
  readonly #net: Net;
  readonly #authority: LabAuthority;
  readonly #daemons: Daemons;
  #benches = 0;

  private constructor(dir: string, net: Net, authority: LabAuthority, daemons: Daemons) {
    this.dir = dir;
    this.#net = net;
    this.#authority = authority;
    this.#daemons = daemons;
  }

  static async make(): Promise<Ground> {
    const dir = mkdtempSync(join(tmpdir(), 'mesh-tailnet-'));
    const lab = `n${process.pid.toString(36)}`;
    const net = createNet({ lab, dir: join(dir, 'net'), log: () => undefined });
    const [authority, daemons] = [await labAuthority(dir), await obtainDaemons({ onProgress: () => undefined })];
    await net.converge({ lab, machines: [], networks: [], links: [], cuts: [], published: [], lifted: [] });
    return new Ground(dir, net, authority, daemons);
  }

  async close(): Promise<void> {
    await this.#net.remove();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /**
   * A control server alone: no API and no records around it.
   * @param tailnet one of those that this ground has addresses for
   */
  async server(tailnet: string): Promise<Server> {
    const dir = join(this.dir, String((this.#benches += 1)));
    const address = controlAddress(TAILNETS, tailnet);
    const namespace = this.#net.internet();
    const { caPem } = this.#authority;
    const headscale = await startHeadscale({
      ...{ dir: join(dir, 'headscale'), address, namespace, dnsName: dnsNameOf(tailnet) },
      binary: this.#daemons.headscale,
      authority: this.#authority,
      connect: (to, port) => this.#net.connect(to, port),
    });
    const nodes: TailnetNode[] = [];
    return {
      client: headscale.client,
      paths: headscalePaths(join(dir, 'headscale')),
      as: (apiKey) => this.#as(address, apiKey),
      join: async (authKey, hostname, routes) => {
        const { tailscaled } = this.#daemons;
        const node = new TailnetNode({ dir: join(dir, hostname), namespace, tailscaled, caPem });
        nodes.push(node);
        await node.start();
        await node.up(`https://${address}`, authKey, hostname, routes);
        return node;
      },
      close: async () => {
        await Promise.all(nodes.map((node) => node.stop()));
        await headscale.stop();
      },
    };
  }

  #as(address: string, apiKey: string): HeadscaleClient {
    const connect = () => this.#net.connect(address, PORTS.https);
    return new HeadscaleClient({ connect, address, caPem: this.#authority.caPem, apiKey });
  }

  /** Two tailnets that nobody has touched, with control servers of their own. */
  open(): TailnetBench {
    const dir = join(this.dir, String((this.#benches += 1)));
    const { caPem } = this.#authority;
    const connect = (address: string, port: number) => this.#net.connect(address, port);
    const nodes: TailnetNode[] = [];
    const headscales = createHeadscales({
      dir,
      binary: this.#daemons.headscale,
      namespace: () => this.#net.internet(),
      authority: this.#authority,
      connect,
      tailnets: () => tailnetNames(TAILNETS),
      address: (tailnet) => controlAddress(TAILNETS, tailnet),
    });
    const lab = startTailnet({ around: aroundHeadscale((tailnet) => headscales.mirrorOf(tailnet)), clock: Date.now });
    const address = controlAddress(TAILNETS, ACME.name);
    const client = (): HeadscaleClient =>
      this.#as(address, readFileSync(headscalePaths(join(dir, 'tailnets', ACME.name)).apiKey, 'utf8'));
    return {
      acme: ACME,
      other: OTHER,
      call: (method, path, body, headers) => lab.call(method, path, body, headers),
      join: async (authKey, hostname, routes = []) => {
        const node = new TailnetNode({
          dir: join(dir, `node-${nodes.length}`),
          namespace: this.#net.internet(),
          tailscaled: this.#daemons.tailscaled,
          caPem,
        });
        nodes.push(node);
        await node.start();
        return node.up(`https://${address}`, authKey, hostname, routes);
      },
      carried: async (nodeId) => (await client().nodes()).find(({ id }) => id === nodeId)?.subnetRoutes ?? [],
      pass: (seconds) => sleep(seconds * 1000),
      close: async () => {
        await Promise.all(nodes.map((node) => node.stop()));
        await headscales.stop();
      },
    };
  }
}
