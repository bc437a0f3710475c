import { cloudAccounts, digitalOceanAccounts } from './api/accounts.ts';
import { uniteCompute } from './api/compute.ts';
import type { LabConfig } from './api/config.ts';
import { digitalOceanCompute } from './api/digitalocean/compute.ts';
import { createCompute } from './api/hetzner/compute.ts';
import { createApi, type Api, type ApiParts } from './api/server.ts';
import { clashes, withExisting } from './existing/compute.ts';
import { tailscaleApi } from './tailnet/api.ts';
import { createTailnet } from './tailnet/index.ts';
import { PREPARED_POLICY } from './tailnet/policy/default.ts';
import type { Compute, TailnetNodes } from './types.ts';

/** The clouds and tailnets of a lab. */
interface Model {
  compute: Compute;
  nodes: TailnetNodes;
  api: Api;
  /** Sentences about what cannot be in one lab. */
  clashes: () => string[];
}

type Parts = { around?: Parameters<typeof tailscaleApi>[1] | undefined } & Pick<
  ApiParts,
  'store' | 'faults' | 'clock' | 'unexecuted' | 'reload' | 'stop' | 'log' | 'holds' | 'machines' | 'images' | 'forget'
>;

function model(config: LabConfig, parts: Parts): Model {
  const { store, faults, clock } = parts;
  const clouds = uniteCompute([
    createCompute({ store, faults, clock, tenants: cloudAccounts(config.tenants) }),
    digitalOceanCompute({ store, faults, clock, accounts: digitalOceanAccounts(config.tenants) }),
  ]);
  const tailnet = createTailnet({
    store,
    faults,
    clock,
    tailnets: config.tailnets.map(({ tailnet, ...keys }) => ({
      name: tailnet,
      ...keys,
      preparedPolicy: PREPARED_POLICY,
    })),
  });
  return {
    compute: withExisting(clouds, config.existing, config.deployKey.publicKey),
    nodes: tailnet.nodes,
    clashes: () => clashes(clouds, config.existing),
    api: createApi({ ...parts, config, tailscale: tailscaleApi(tailnet, parts.around) }),
  };
}

/**
 * The model of a lab whose config grows while it runs: stacks, accounts and existing hosts join. All state is in the store,
 * so a grown config is a model made anew; requests under way end on the one that they began with.
 * @param config reads lab.json
 */
export function liveModel(config: () => LabConfig, parts: Omit<Parts, 'reload'>): Omit<Model, 'clashes'> {
  const make = (): Model => model(config(), { ...parts, reload: () => (now = make()).clashes() });
  let now = make();
  return {
    compute: {
      all: () => now.compute.all(),
      byPublicAddress: (address, port) => now.compute.byPublicAddress(address, port),
    },
    nodes: {
      join: (request) => now.nodes.join(request),
      node: (nodeId) => now.nodes.node(nodeId),
      peers: (nodeId) => now.nodes.peers(nodeId),
      setHostname: (nodeId, hostname) => now.nodes.setHostname(nodeId, hostname),
      setAdvertisedRoutes: (nodeId, routes) => now.nodes.setAdvertisedRoutes(nodeId, routes),
      setOnline: (nodeId, online) => now.nodes.setOnline(nodeId, online),
      leave: (nodeId) => now.nodes.leave(nodeId),
    },
    api: { fetch: (request) => now.api.fetch(request) },
  };
}
