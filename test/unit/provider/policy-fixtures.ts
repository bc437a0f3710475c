import type { Inputs } from '../../../io/rpc/types.ts';
import { withHeader } from '../../../mesh/overlays/tailscale/header.ts';
import { tailnetPolicy } from '../../../provider/tailnet-policy.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { FakeHost, operation, recorded } from './fakes.ts';

export const ours = (body: string): string => withHeader('acme/staging-tailnet', body);
const access = [
  {
    from: 'group:platform',
    to: 'fra-db-01',
    ports: ['tcp/5432'],
    why: 'platform queries the primary',
    implicit: false,
  },
];
const lifelines = { ownerTag: 'tag:iac', tags: [], routes: [], tests: [] };
const OWNERS = '"tagOwners": { "tag:iac": ["autogroup:admin"] }';
export const inputs = { text: ours(`{ ${OWNERS}, "grants": [] }\n`), access, lifelines };
export const other = { text: ours(`{ ${OWNERS}, "grants": [], "hosts": {} }\n`), access: [], lifelines };
export const FOREIGN = '{ "acls": [] } // by hand';

export const client = (tailnet: FakeTailnet) => new FakeHost(tailnet).client();
export const create = (tailnet: FakeTailnet, news: Inputs = inputs, preview = false, op = operation()) =>
  tailnetPolicy.create(op, news, preview, client(tailnet));
export const update = (tailnet: FakeTailnet, olds: Inputs, news: Inputs, preview = false, op = operation()) =>
  tailnetPolicy.update(op, 'tailnet-policy', olds, olds, news, preview, client(tailnet));
export const read = (tailnet: FakeTailnet, outputs: Inputs, state: Inputs = inputs) =>
  tailnetPolicy.read(operation(), 'tailnet-policy', outputs, state, client(tailnet));
export const diff = (olds: Inputs, news: Inputs) =>
  tailnetPolicy.diff(operation(), 'tailnet-policy', olds, inputs, news, client(new FakeTailnet()));

export async function pushed() {
  const tailnet = new FakeTailnet();
  const outputs = recorded((await create(tailnet)).outputs);
  tailnet.calls.length = 0;
  return { tailnet, outputs };
}
