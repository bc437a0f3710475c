import { expect, test, vi } from 'vitest';
import { tailnetNode } from '../../../provider/tailnet-node.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { connection, FakeHost, operation } from './fakes.ts';

vi.mock('../../../io/wait.ts', () => import('./passing-time.ts'));

const inputs = {
  serverId: '1017',
  connection,
  hostname: 'fra-edge-01',
  tags: ['tag:router'],
  advertiseRoutes: [],
  acceptRoutes: true,
  snat: true,
};

/** Joins, and answers what was said about it. */
async function joinAs(name: string): Promise<string> {
  const tailnet = new FakeTailnet();
  const join = tailnet.join.bind(tailnet);
  tailnet.join = (request) => {
    const device = join(request);
    device.name = name;
    return device;
  };
  const op = operation();
  await tailnetNode.create(op, inputs, false, new FakeHost(tailnet).client());
  return op.logs.map(({ message }) => message).join('\n');
}

test('a node that gets another name than its host says so: a device of that name may be left over', async () => {
  const said = await joinAs('fra-edge-01-1.acme.ts.net');
  expect(said).toContain('fra-edge-01 is fra-edge-01-1 in the tailnet');
  expect(said).toContain('pulumi up --replace');
});

test('control: with its own name nothing is said', async () => {
  expect(await joinAs('fra-edge-01.acme.ts.net')).not.toContain('in the tailnet (node');
});
